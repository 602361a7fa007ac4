/* How many points of a grid of n times n over [-2, 1) x [-1.5, 1.5) are still inside after 50 rounds. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long inside = 0;
    for (long y = 0; y < n; y++) {
        double cy = (double)y * 3.0 / (double)n - 1.5;
        for (long x = 0; x < n; x++) {
            double cx = (double)x * 3.0 / (double)n - 2.0;
            double zx = 0.0, zy = 0.0;
            long k = 0;
            while (k < 50) {
                if (zx * zx + zy * zy > 4.0) {
                    break;
                }
                double t = zx * zx - zy * zy + cx;
                zy = 2.0 * zx * zy + cy;
                zx = t;
                k = k + 1;
                __asm__ volatile("" : "+r"(k));
            }
            inside += k == 50;
        }
    }
    printf("%ld\n", inside);
    return 0;
}
