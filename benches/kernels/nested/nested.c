/* Adds up i * j % 7 for all i and j below n, and prints the sum. The barrier keeps the loop. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long total = 0;
    for (long i = 0; i < n; i++) {
        for (long j = 0; j < n; j++) {
            total = total + i * j % 7;
            __asm__ volatile("" : "+r"(total));
        }
    }
    printf("%ld\n", total);
    return 0;
}
