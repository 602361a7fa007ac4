/* The n-th Fibonacci number by addition, which for 300,000 has two hundred thousand bits, modulo 1,000,000,007. C has no such numbers:
   they are arrays of 64-bit digits here, the lowest first. */
#include <stdio.h>
#include <stdlib.h>

typedef unsigned long digit;
typedef unsigned __int128 two_digits;

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    digit *a = calloc((size_t)n / 64 + 2, sizeof *a);
    digit *b = calloc((size_t)n / 64 + 2, sizeof *b);
    if (a == NULL || b == NULL) {
        return 1;
    }
    long used = 1;
    b[0] = 1;
    while (n != 0) {
        digit carry = 0;
        for (long i = 0; i < used; i++) {
            two_digits t = (two_digits)a[i] + b[i] + carry;
            a[i] = (digit)t;
            carry = (digit)(t >> 64);
        }
        if (carry != 0) {
            a[used] = carry;
            used = used + 1;
        }
        digit *t = a;
        a = b;
        b = t;
        n = n - 1;
    }
    digit rest = 0;
    for (long i = used - 1; i >= 0; i--) {
        rest = (digit)((((two_digits)rest << 64) | a[i]) % 1000000007);
    }
    printf("%lu\n", rest);
    free(a);
    free(b);
    return 0;
}
