/* n steps of the logistic map x -> 3.7 x (1 - x) from 0.5: a chain of float operations, each waiting for the one
   before. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    double x = 0.5;
    while (n != 0) {
        x = 3.7 * x * (1.0 - x);
        n = n - 1;
    }
    printf("%.17g\n", x);
    return 0;
}
