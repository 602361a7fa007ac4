/* The steps of Newton's method for z ** 3 = 1, at most 40 a point, summed over a grid of n times n points around the
   origin. */
#include <stdio.h>
#include <stdlib.h>

static long steps(double x, double y) {
    long k = 0;
    while (k < 40) {
        double xx = x * x;
        double yy = y * y;
        double re = x * (xx - 3.0 * yy) - 1.0;
        double im = y * (3.0 * xx - yy);
        if (re * re + im * im < 1e-12) {
            return k;
        }
        double p = 3.0 * (xx - yy);
        double q = 6.0 * x * y;
        double d = p * p + q * q;
        x = x - (re * p + im * q) / d;
        y = y - (im * p - re * q) / d;
        k = k + 1;
    }
    return k;
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long total = 0;
    long row = 0;
    while (row < n) {
        long column = 0;
        while (column < n) {
            total = total + steps((double)column * 4.0 / (double)n - 1.99, (double)row * 4.0 / (double)n - 1.99);
            column = column + 1;
        }
        row = row + 1;
    }
    printf("%ld\n", total);
    return 0;
}
