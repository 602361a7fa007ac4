// The start below `limit` whose Collatz chain is longest, and that chain's length with both ends.
final class Main {
    public static void main(String[] args) {
        long limit = Long.parseLong(args[0]);
        long best = 0;
        long bestLength = 0;
        for (long start = 1; start < limit; start++) {
            long n = start;
            long length = 1;
            while (n > 1) {
                n = n % 2 != 0 ? n * 3 + 1 : n / 2;
                length = length + 1;
            }
            if (length > bestLength) {
                bestLength = length;
                best = start;
            }
        }
        System.out.println(best);
        System.out.println(bestLength);
    }
}
