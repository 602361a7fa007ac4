// How many primes there are below n, by trial division.
final class Main {
    static long is_prime(long n) {
        if (n < 4) {
            if (n > 1) {
                return 1;
            }
            return 0;
        }
        if (n % 2 == 0) {
            return 0;
        }
        long d = 3;
        while (d * d <= n) {
            if (n % d == 0) {
                return 0;
            }
            d = d + 2;
        }
        return 1;
    }

    public static void main(String[] args) {
        long limit = Long.parseLong(args[0]);
        long count = 0;
        long n = 2;
        while (n < limit) {
            if (is_prime(n) != 0) {
                count = count + 1;
            }
            n = n + 1;
        }
        System.out.println(count);
    }
}
