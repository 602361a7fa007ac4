/* Nested branches on the bits of pseudo-random numbers, which no processor can predict; n rounds. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long x = 42;
    long a = 0;
    long b = 0;
    long c = 0;
    while (n != 0) {
        x = (x * 69069 + 1) & 0x7fffffff;
        if ((x & 0x1000000) != 0) {
            if ((x & 0x2000000) != 0) {
                a = a + 1;
            } else if ((x & 0x4000000) != 0) {
                b = b + a % 3;
            } else {
                c = c + 2;
            }
        } else if ((x & 0x8000000) != 0) {
            if (a < b) {
                a = a + 3;
            } else {
                b = b + 1;
            }
        } else {
            c = c - 1;
        }
        n = n - 1;
    }
    printf("%ld\n", a);
    printf("%ld\n", b);
    printf("%ld\n", c);
    return 0;
}
