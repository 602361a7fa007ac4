// Nothing at all.
final class Main {
    public static void main(String[] args) {}
}
