"""Roots by Newton's method, in floats and in ints."""
import math


def root(x, digits=10):
    guess = x / 2 or 1.0
    rounds = 0
    while abs(guess * guess - x) > 10**-digits:
        guess = (guess + x / guess) / 2
        rounds += 1
        if rounds > 100:
            break
    return guess


def int_root(n):
    x = n
    y = (x + 1) // 2
    while y < x:
        x, y = y, (y + n // y) // 2
    return x


for n in range(2, 12):
    print(f"{n:2d} {root(n):.10f} {root(float(n), digits=6)!r} {math.sqrt(n):+.3e}")
print(int_root(10**60 + 7), int_root(10**60 + 7) == math.isqrt(10**60 + 7))
