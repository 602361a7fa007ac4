// Takeuchi's function of 3n, 2n and n: calls and comparisons, and little else.
final class Main {
    static long tak(long x, long y, long z) {
        if (y >= x) {
            return z;
        }
        return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
    }

    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        System.out.println(tak(3 * n, 2 * n, n));
    }
}
