"""The sum of b ** (10 ** 9) modulo 1,000,003 for all b below n, by squaring."""
import sys


def power(b, e, m):
    r = 1
    while e:
        if e & 1:
            r = r * b % m
        b = b * b % m
        e = e >> 1
    return r


def main(n):
    total = 0
    b = 0
    while b < n:
        total = total + power(b, 1000000000, 1000003)
        b = b + 1
    print(total)


main(int(sys.argv[1]))
