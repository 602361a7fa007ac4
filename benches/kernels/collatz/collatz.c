/* The start below `limit` whose Collatz chain is longest, and that chain's length with both ends. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long limit = argc > 1 ? atol(argv[1]) : 0;
    long best = 0, best_length = 0;
    for (long start = 1; start < limit; start++) {
        long n = start, length = 1;
        while (n > 1) {
            n = n % 2 != 0 ? n * 3 + 1 : n / 2;
            length = length + 1;
            __asm__ volatile("" : "+r"(n), "+r"(length));
        }
        if (length > best_length) {
            best_length = length;
            best = start;
        }
    }
    printf("%ld\n%ld\n", best, best_length);
    return 0;
}
