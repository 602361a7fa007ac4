// The sum of the greatest common divisors of all pairs of numbers from 1 to n, by Euclid's algorithm.
final class Main {
    static long gcd(long a, long b) {
        while (b != 0) {
            long r = a % b;
            a = b;
            b = r;
        }
        return a;
    }

    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long total = 0;
        long i = 1;
        while (i <= n) {
            long j = 1;
            while (j <= n) {
                total = total + gcd(i, j);
                j = j + 1;
            }
            i = i + 1;
        }
        System.out.println(total);
    }
}
