// n steps of the generator x -> (x * 1103515245 + 12345) & 0x7fffffff from 42; prints the last x.
final class Main {
    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long x = 42;
        while (n != 0) {
            x = (x * 1103515245 + 12345) & 0x7fffffff;
            n = n - 1;
        }
        System.out.println(x);
    }
}
