/* How many primes there are below n, by trial division. */
#include <stdio.h>
#include <stdlib.h>

static long is_prime(long n) {
    if (n < 4) {
        if (n > 1) {
            return 1;
        }
        return 0;
    }
    if (n % 2 == 0) {
        return 0;
    }
    long d = 3;
    while (d * d <= n) {
        if (n % d == 0) {
            return 0;
        }
        d = d + 2;
    }
    return 1;
}

int main(int argc, char **argv) {
    long limit = argc > 1 ? atol(argv[1]) : 0;
    long count = 0;
    long n = 2;
    while (n < limit) {
        if (is_prime(n) != 0) {
            count = count + 1;
        }
        n = n + 1;
    }
    printf("%ld\n", count);
    return 0;
}
