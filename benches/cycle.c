/* n times sixteen additions that wait for each other: sixteen cycles a round on any processor of our time. Tells how long a cycle is. */
#include <stdio.h>
#include <stdlib.h>

#define FOUR "addq $1, %0\n\taddq $1, %0\n\taddq $1, %0\n\taddq $1, %0\n\t"

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long x = 0;
    while (n != 0) {
#if defined(__x86_64__)
        __asm__ volatile(FOUR FOUR FOUR FOUR : "+r"(x));
#else
        for (int i = 0; i < 16; i++) {
            __asm__ volatile("" : "+r"(x));
            x = x + 1;
        }
#endif
        n = n - 1;
    }
    printf("%ld\n", x);
    return 0;
}
