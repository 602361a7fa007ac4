"""The numbers from n down to 1, put one after the other into a hash of 32 bits. The products need up to 59 bits."""
import sys


def mix(h):
    h = ((h >> 16) ^ h) * 0x45D9F3B & 0xFFFFFFFF
    h = ((h >> 15) ^ h) * 0x2C1B3C6 & 0xFFFFFFFF
    return (h >> 16) ^ h


def main(n):
    h = 0
    while n:
        h = mix(h ^ n)
        n = n - 1
    print(h)


main(int(sys.argv[1]))
