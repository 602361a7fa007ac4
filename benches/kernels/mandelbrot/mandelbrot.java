// How many points of a grid of n times n over [-2, 1) x [-1.5, 1.5) are still inside after 50 rounds.
final class Main {
    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long inside = 0;
        for (long y = 0; y < n; y++) {
            double cy = y * 3.0 / n - 1.5;
            for (long x = 0; x < n; x++) {
                double cx = x * 3.0 / n - 2.0;
                double zx = 0.0;
                double zy = 0.0;
                long k = 0;
                while (k < 50) {
                    if (zx * zx + zy * zy > 4.0) {
                        break;
                    }
                    double t = zx * zx - zy * zy + cx;
                    zy = 2.0 * zx * zy + cy;
                    zx = t;
                    k = k + 1;
                }
                if (k == 50) {
                    inside = inside + 1;
                }
            }
        }
        System.out.println(inside);
    }
}
