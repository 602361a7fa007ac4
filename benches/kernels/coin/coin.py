"""Of n pseudo-random numbers, how many have a certain bit, and the sum of the smaller of each and another: two short branches that
no processor can predict."""
import sys


def main(n):
    x = 42
    y = 7
    ones = 0
    sum = 0
    while n:
        x = (x * 69069 + 1) & 0x7FFFFFFF
        if x & 0x1000000:
            ones = ones + 1
        if x < y:
            sum = sum + x
        else:
            sum = sum + y
        y = (x * 5) & 0x7FFFFFFF
        n = n - 1
    print(ones)
    print(sum)


main(int(sys.argv[1]))
