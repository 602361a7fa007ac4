"""The factorial of n, which for 36,000 has half a million bits, modulo 1,000,000,007."""
import sys


def main(n):
    product = 1
    while n:
        product = product * n
        n = n - 1
    print(product % 1000000007)


main(int(sys.argv[1]))
