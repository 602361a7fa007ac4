"""Adds up the numbers from n down to 1, and prints the sum: n (n + 1) / 2."""
import sys


def main(n):
    total = 0
    while n:
        total = total + n
        n = n - 1
    print(total)


main(int(sys.argv[1]))
