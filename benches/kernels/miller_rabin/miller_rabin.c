/* How many primes there are among the odd numbers from 5 below n, which is at most 1,373,653, by the test of Miller
   and Rabin with the bases 2 and 3. */
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

static long passes(long n, long base) {
    long d = n - 1;
    long s = 0;
    while ((d & 1) == 0) {
        d = d >> 1;
        s = s + 1;
    }
    long x = power(base, d, n);
    if (x == 1) {
        return 1;
    }
    while (s != 0) {
        if (x == n - 1) {
            return 1;
        }
        x = x * x % n;
        s = s - 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    long limit = argc > 1 ? atol(argv[1]) : 0;
    long count = 0;
    long n = 5;
    while (n < limit) {
        if (passes(n, 2) != 0) {
            count = count + passes(n, 3);
        }
        n = n + 2;
    }
    printf("%ld\n", count);
    return 0;
}
