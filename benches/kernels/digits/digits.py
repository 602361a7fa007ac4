"""The sum of the decimal digits of all numbers below n."""
import sys


def main(n):
    total = 0
    i = 0
    while i < n:
        rest = i
        while rest:
            total = total + rest % 10
            rest = rest // 10
        i = i + 1
    print(total)


main(int(sys.argv[1]))
