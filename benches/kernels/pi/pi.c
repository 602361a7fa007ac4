/* n terms of Leibniz's series for pi, 4 - 4/3 + 4/5 - ..., one after the other. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    double total = 0.0;
    double term = 4.0;
    double odd = 1.0;
    while (n != 0) {
        total = total + term / odd;
        term = -term;
        odd = odd + 2.0;
        n = n - 1;
    }
    printf("%.17g\n", total);
    return 0;
}
