/* Of n pseudo-random numbers, how many have a certain bit, and the sum of the smaller of each and another: two short branches that
 * no processor can predict. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long x = 42;
    long y = 7;
    long ones = 0;
    long sum = 0;
    while (n != 0) {
        x = (x * 69069 + 1) & 0x7fffffff;
        if ((x & 0x1000000) != 0) {
            ones = ones + 1;
        }
        if (x < y) {
            sum = sum + x;
        } else {
            sum = sum + y;
        }
        y = (x * 5) & 0x7fffffff;
        n = n - 1;
    }
    printf("%ld\n", ones);
    printf("%ld\n", sum);
    return 0;
}
