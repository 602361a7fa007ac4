"""How many primes there are below n, by trial division."""
import sys


def is_prime(n):
    if n < 4:
        if n > 1:
            return 1
        return 0
    if n % 2 == 0:
        return 0
    d = 3
    while d * d <= n:
        if n % d == 0:
            return 0
        d = d + 2
    return 1


def main(limit):
    count = 0
    n = 2
    while n < limit:
        if is_prime(n):
            count = count + 1
        n = n + 1
    print(count)


main(int(sys.argv[1]))
