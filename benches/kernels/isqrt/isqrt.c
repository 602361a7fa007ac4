/* The sum of the integer square roots of all numbers below n, by Newton's method with ints. */
#include <stdio.h>
#include <stdlib.h>

static long isqrt(long n) {
    long x = n;
    long y = (x + 1) / 2;
    while (y < x) {
        x = y;
        y = (x + n / x) / 2;
    }
    return x;
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long total = 0;
    long i = 1;
    while (i < n) {
        total = total + isqrt(i);
        i = i + 1;
    }
    printf("%ld\n", total);
    return 0;
}
