/* One function that is given ints and floats in turn; n rounds. C has two, one for each type. */
#include <stdio.h>
#include <stdlib.h>

static long mix_long(long a, long b) {
    return a * b + b;
}

static double mix_double(double a, double b) {
    return a * b + b;
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long i = 1;
    double x = 1.0;
    while (n != 0) {
        i = mix_long(i, 7) % 1000003;
        x = mix_double(x, 0.5);
        n = n - 1;
    }
    printf("%ld\n", i);
    printf("%.17g\n", x);
    return 0;
}
