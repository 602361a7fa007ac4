"""n steps of the Lorenz system by Euler's method: three floats that depend on each other."""
import sys


def main(n):
    x = 1.0
    y = 1.0
    z = 1.0
    dt = 0.005
    while n:
        dx = 10.0 * (y - x)
        dy = x * (28.0 - z) - y
        dz = x * y - 2.5 * z
        x = x + dx * dt
        y = y + dy * dt
        z = z + dz * dt
        n = n - 1
    print(x + y + z)


main(int(sys.argv[1]))
