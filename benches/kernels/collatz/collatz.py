"""The start below `limit` whose Collatz chain is longest, and that chain's length with both ends."""
import sys


def main(limit):
    start = 1
    best = 0
    best_length = 0
    while start < limit:
        n = start
        length = 1
        while n > 1:
            if n % 2:
                n = n * 3 + 1
            else:
                n = n // 2
            length = length + 1
        if length > best_length:
            best_length = length
            best = start
        start = start + 1
    print(best)
    print(best_length)


main(int(sys.argv[1]))
