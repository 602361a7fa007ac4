"""Adds up i * j % 7 for all i and j below n, and prints the sum."""
import sys


def main(n):
    total = 0
    i = 0
    while i < n:
        j = 0
        while j < n:
            total = total + i * j % 7
            j = j + 1
        i = i + 1
    print(total)


main(int(sys.argv[1]))
