/* The sum of Hofstadter's female sequence up to n: two functions that call each other, and neither in tail position.
   The attributes and barriers keep the calls. */
#include <stdio.h>
#include <stdlib.h>

static long male(long n);

__attribute__((noinline)) static long female(long n) {
    __asm__ volatile("" : "+r"(n));
    if (n == 0) {
        return 1;
    }
    return n - male(female(n - 1));
}

__attribute__((noinline)) static long male(long n) {
    __asm__ volatile("" : "+r"(n));
    if (n == 0) {
        return 0;
    }
    return n - female(male(n - 1));
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long total = 0;
    long i = 0;
    while (i < n) {
        total = total + female(i);
        i = i + 1;
    }
    printf("%ld\n", total);
    return 0;
}
