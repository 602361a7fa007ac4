/* The n-th Fibonacci number by its definition. The attribute and the barrier keep the calls. */
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static long fib(long n) {
    __asm__ volatile("" : "+r"(n));
    if (n < 2) {
        return n;
    }
    return fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv) {
    printf("%ld\n", fib(argc > 1 ? atol(argv[1]) : 0));
    return 0;
}
