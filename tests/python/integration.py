"""Numerical integration: the midpoint rule and Simpson's."""
from math import exp, pi, sin


def f(x):
    return sin(x) * exp(-x / 10)


def midpoint(a, b, n):
    h = (b - a) / n
    total = 0.0
    for i in range(n):
        total += f(a + (i + 0.5) * h)
    return total * h


def simpson(a, b, n):
    h = (b - a) / n
    total = f(a) + f(b)
    for i in range(1, n):
        total += f(a + i * h) * (4 if i % 2 else 2)
    return total * h / 3


for n in range(10, 200, 45):
    print(n, midpoint(0, pi, n), simpson(0, pi, n))
