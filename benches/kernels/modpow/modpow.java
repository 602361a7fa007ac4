// The sum of b ** (10 ** 9) modulo 1,000,003 for all b below n, by squaring.
final class Main {
    static long power(long b, long e, long m) {
        long r = 1;
        while (e != 0) {
            if ((e & 1) != 0) {
                r = r * b % m;
            }
            b = b * b % m;
            e = e >> 1;
        }
        return r;
    }

    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long total = 0;
        long b = 0;
        while (b < n) {
            total = total + power(b, 1000000000, 1000003);
            b = b + 1;
        }
        System.out.println(total);
    }
}
