"""The n-th Fibonacci number by addition, which for 300,000 has two hundred thousand bits, modulo 1,000,000,007."""
import sys


def main(n):
    a = 0
    b = 1
    while n:
        t = a + b
        a = b
        b = t
        n = n - 1
    print(a % 1000000007)


main(int(sys.argv[1]))
