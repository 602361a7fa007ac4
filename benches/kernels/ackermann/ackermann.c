/* The sum of n times Ackermann's function of 3 and 6: 172,233 calls each, up to 511 deep. The attribute and the
   barrier keep the calls that are not in tail position. */
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static long ack(long m, long n) {
    __asm__ volatile("" : "+r"(m), "+r"(n));
    if (m == 0) {
        return n + 1;
    }
    if (n == 0) {
        return ack(m - 1, 1);
    }
    return ack(m - 1, ack(m, n - 1));
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long total = 0;
    while (n != 0) {
        total = total + ack(3, 6);
        n = n - 1;
    }
    printf("%ld\n", total);
    return 0;
}
