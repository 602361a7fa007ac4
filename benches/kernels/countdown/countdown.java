// Counts down from n to 0, and prints that 0.
final class Main {
    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        while (n != 0) {
            n = n - 1;
        }
        System.out.println(n);
    }
}
