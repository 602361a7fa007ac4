/* A loop whose type changes half-way: what it adds up are ints at first, then halves. It prints the sum. In C these are two loops.
   The barriers keep them. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long count = 0;
    long i = 0;
    long change = n / 2;
    while (i < change) {
        count = count + 1;
        i = i + 1;
        __asm__ volatile("" : "+r"(count), "+r"(i));
    }
    double total = (double)count;
    while (i < n) {
        total = total + 0.5;
        i = i + 1;
        __asm__ volatile("" : "+x"(total), "+r"(i));
    }
    printf("%.17g\n", total);
    return 0;
}
