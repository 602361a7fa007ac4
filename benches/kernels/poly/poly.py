"""One function that is given ints and floats in turn; n rounds."""
import sys


def mix(a, b):
    return a * b + b


def main(n):
    i = 1
    x = 1.0
    while n:
        i = mix(i, 7) % 1000003
        x = mix(x, 0.5)
        n = n - 1
    print(i)
    print(x)


main(int(sys.argv[1]))
