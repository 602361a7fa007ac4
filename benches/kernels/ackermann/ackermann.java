// The sum of n times Ackermann's function of 3 and 6: 172,233 calls each, up to 511 deep.
final class Main {
    static long ack(long m, long n) {
        if (m == 0) {
            return n + 1;
        }
        if (n == 0) {
            return ack(m - 1, 1);
        }
        return ack(m - 1, ack(m, n - 1));
    }

    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long total = 0;
        while (n != 0) {
            total = total + ack(3, 6);
            n = n - 1;
        }
        System.out.println(total);
    }
}
