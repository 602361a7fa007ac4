/* The sum of the greatest common divisors of all pairs of numbers from 1 to n, by Euclid's algorithm. */
#include <stdio.h>
#include <stdlib.h>

static long gcd(long a, long b) {
    while (b != 0) {
        long r = a % b;
        a = b;
        b = r;
    }
    return a;
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
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
    printf("%ld\n", total);
    return 0;
}
