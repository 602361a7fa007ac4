"""n chains of calls, each 900 deep: a call at the bottom of which everything returns at once."""
import sys


def down(depth):
    if depth == 0:
        return 0
    return down(depth - 1) + 1


def main(n):
    total = 0
    while n:
        total = total + down(900)
        n = n - 1
    print(total)


main(int(sys.argv[1]))
