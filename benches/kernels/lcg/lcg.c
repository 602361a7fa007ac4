/* n steps of the generator x -> (x * 1103515245 + 12345) & 0x7fffffff from 42; prints the last x. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long x = 42;
    while (n != 0) {
        x = (x * 1103515245 + 12345) & 0x7fffffff;
        n = n - 1;
        __asm__ volatile("" : "+r"(x), "+r"(n));
    }
    printf("%ld\n", x);
    return 0;
}
