"""Greatest common divisors, three ways."""
import math


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def gcd_by_calls(a, b):
    return a if b == 0 else gcd_by_calls(b, a % b)


total = 0
for i in range(1, 60):
    for j in range(1, 60):
        g = gcd(i, j)
        assert g == math.gcd(i, j) == gcd_by_calls(i, j), f"{i} {j}"
        total += g
print(total, gcd(2**200 - 1, 2**120 - 1), math.lcm(4, 6))
