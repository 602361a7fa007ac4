"""n terms of Leibniz's series for pi, 4 - 4/3 + 4/5 - ..., one after the other."""
import sys


def main(n):
    total = 0.0
    term = 4.0
    odd = 1.0
    while n:
        total = total + term / odd
        term = -term
        odd = odd + 2.0
        n = n - 1
    print(total)


main(int(sys.argv[1]))
