/* The sum of the decimal digits of all numbers below n. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long total = 0;
    long i = 0;
    while (i < n) {
        long rest = i;
        while (rest != 0) {
            total = total + rest % 10;
            rest = rest / 10;
        }
        i = i + 1;
    }
    printf("%ld\n", total);
    return 0;
}
