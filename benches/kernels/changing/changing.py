"""A loop whose type changes half-way: what it adds up are ints at first, then halves. It prints the sum."""
import sys


def main(n):
    total = 0
    step = 1
    i = 0
    change = n // 2
    while i < n:
        if i == change:
            step = 0.5
        total = total + step
        i = i + 1
    print(total)


main(int(sys.argv[1]))
