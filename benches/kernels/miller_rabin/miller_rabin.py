"""How many primes there are among the odd numbers from 5 below n, which is at most 1,373,653, by the test of Miller and Rabin with the
bases 2 and 3."""
import sys


def power(b, e, m):
    r = 1
    while e:
        if e & 1:
            r = r * b % m
        b = b * b % m
        e = e >> 1
    return r


def passes(n, base):
    d = n - 1
    s = 0
    while d & 1 == 0:
        d = d >> 1
        s = s + 1
    x = power(base, d, n)
    if x == 1:
        return 1
    while s:
        if x == n - 1:
            return 1
        x = x * x % n
        s = s - 1
    return 0


def main(limit):
    count = 0
    n = 5
    while n < limit:
        if passes(n, 2):
            count = count + passes(n, 3)
        n = n + 2
    print(count)


main(int(sys.argv[1]))
