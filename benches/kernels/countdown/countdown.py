"""Counts down from n to 0, and prints that 0."""
import sys


def main(n):
    while n:
        n = n - 1
    print(n)


main(int(sys.argv[1]))
