/* The factorial of n, which for 36,000 has half a million bits, modulo 1,000,000,007. C has no such numbers: they are arrays of 64-bit
   digits here, the lowest first. */
#include <stdio.h>
#include <stdlib.h>

typedef unsigned long digit;
typedef unsigned __int128 two_digits;

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    digit *product = calloc((size_t)n + 1, sizeof *product);
    if (product == NULL) {
        return 1;
    }
    long used = 1;
    product[0] = 1;
    while (n != 0) {
        digit carry = 0;
        for (long i = 0; i < used; i++) {
            two_digits t = (two_digits)product[i] * (digit)n + carry;
            product[i] = (digit)t;
            carry = (digit)(t >> 64);
        }
        if (carry != 0) {
            product[used] = carry;
            used = used + 1;
        }
        n = n - 1;
    }
    digit rest = 0;
    for (long i = used - 1; i >= 0; i--) {
        rest = (digit)((((two_digits)rest << 64) | product[i]) % 1000000007);
    }
    printf("%lu\n", rest);
    free(product);
    return 0;
}
