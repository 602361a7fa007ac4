"""The sum of the integer square roots of all numbers below n, by Newton's method with ints."""
import sys


def isqrt(n):
    x = n
    y = (x + 1) // 2
    while y < x:
        x = y
        y = (x + n // x) // 2
    return x


def main(n):
    total = 0
    i = 1
    while i < n:
        total = total + isqrt(i)
        i = i + 1
    print(total)


main(int(sys.argv[1]))
