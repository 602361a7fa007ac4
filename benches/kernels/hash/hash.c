/* The numbers from n down to 1, put one after the other into a hash of 32 bits. The products need up to 59 bits. */
#include <stdio.h>
#include <stdlib.h>

static long mix(long h) {
    h = (((h >> 16) ^ h) * 0x45d9f3b) & 0xffffffff;
    h = (((h >> 15) ^ h) * 0x2c1b3c6) & 0xffffffff;
    return (h >> 16) ^ h;
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long h = 0;
    while (n != 0) {
        h = mix(h ^ n);
        n = n - 1;
    }
    printf("%ld\n", h);
    return 0;
}
