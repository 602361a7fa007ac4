"""Fibonacci numbers, by calls and by a loop."""


def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


a, b = 0, 1
for i in range(300):
    a, b = b, a + b
print(fib(20), a)
