"""Nested branches on the bits of pseudo-random numbers, which no processor can predict; n rounds."""
import sys


def main(n):
    x = 42
    a = 0
    b = 0
    c = 0
    while n:
        x = (x * 69069 + 1) & 0x7FFFFFFF
        if x & 0x1000000:
            if x & 0x2000000:
                a = a + 1
            elif x & 0x4000000:
                b = b + a % 3
            else:
                c = c + 2
        elif x & 0x8000000:
            if a < b:
                a = a + 3
            else:
                b = b + 1
        else:
            c = c - 1
        n = n - 1
    print(a)
    print(b)
    print(c)


main(int(sys.argv[1]))
