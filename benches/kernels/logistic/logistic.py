"""n steps of the logistic map x -> 3.7 x (1 - x) from 0.5: a chain of float operations, each waiting for the one before."""
import sys


def main(n):
    x = 0.5
    while n:
        x = 3.7 * x * (1.0 - x)
        n = n - 1
    print(x)


main(int(sys.argv[1]))
