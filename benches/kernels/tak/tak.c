/* Takeuchi's function of 3n, 2n and n: calls and comparisons, and little else. The attribute and the barrier keep the
   calls. */
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static long tak(long x, long y, long z) {
    __asm__ volatile("" : "+r"(x), "+r"(y), "+r"(z));
    if (y >= x) {
        return z;
    }
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    printf("%ld\n", tak(3 * n, 2 * n, n));
    return 0;
}
