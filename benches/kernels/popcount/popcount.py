"""The one-bits of all numbers below n, removed one by one."""
import sys


def main(n):
    total = 0
    i = 0
    while i < n:
        rest = i
        while rest:
            rest = rest & (rest - 1)
            total = total + 1
        i = i + 1
    print(total)


main(int(sys.argv[1]))
