/* The one-bits of all numbers below n, removed one by one. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long total = 0;
    long i = 0;
    while (i < n) {
        long rest = i;
        while (rest != 0) {
            rest = rest & (rest - 1);
            total = total + 1;
        }
        i = i + 1;
    }
    printf("%ld\n", total);
    return 0;
}
