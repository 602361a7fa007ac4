/* Counts down from n to 0, and prints that 0. The barrier keeps the loop. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    while (n != 0) {
        n = n - 1;
        __asm__ volatile("" : "+r"(n));
    }
    printf("%ld\n", n);
    return 0;
}
