// The sum of the integer square roots of all numbers below n, by Newton's method with ints.
final class Main {
    static long isqrt(long n) {
        long x = n;
        long y = (x + 1) / 2;
        while (y < x) {
            x = y;
            y = (x + n / x) / 2;
        }
        return x;
    }

    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long total = 0;
        long i = 1;
        while (i < n) {
            total = total + isqrt(i);
            i = i + 1;
        }
        System.out.println(total);
    }
}
