/* Adds up the numbers from n down to 1, and prints the sum: n (n + 1) / 2. The barrier keeps the loop. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long total = 0;
    while (n != 0) {
        total = total + n;
        n = n - 1;
        __asm__ volatile("" : "+r"(total), "+r"(n));
    }
    printf("%ld\n", total);
    return 0;
}
