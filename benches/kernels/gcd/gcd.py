"""The sum of the greatest common divisors of all pairs of numbers from 1 to n, by Euclid's algorithm."""
import sys


def gcd(a, b):
    while b:
        r = a % b
        a = b
        b = r
    return a


def main(n):
    total = 0
    i = 1
    while i <= n:
        j = 1
        while j <= n:
            total = total + gcd(i, j)
            j = j + 1
        i = i + 1
    print(total)


main(int(sys.argv[1]))
