/* The sum of b ** (10 ** 9) modulo 1,000,003 for all b below n, by squaring. */
#include <stdio.h>
#include <stdlib.h>

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

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long total = 0;
    long b = 0;
    while (b < n) {
        total = total + power(b, 1000000000, 1000003);
        b = b + 1;
    }
    printf("%ld\n", total);
    return 0;
}
