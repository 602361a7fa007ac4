/* n steps of the Lorenz system by Euler's method: three floats that depend on each other. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    double x = 1.0;
    double y = 1.0;
    double z = 1.0;
    double dt = 0.005;
    while (n != 0) {
        double dx = 10.0 * (y - x);
        double dy = x * (28.0 - z) - y;
        double dz = x * y - 2.5 * z;
        x = x + dx * dt;
        y = y + dy * dt;
        z = z + dz * dt;
        n = n - 1;
    }
    printf("%.17g\n", x + y + z);
    return 0;
}
