# A program in which everything happens: loops and a function get hot, a call is inlined, an int outgrows 64 bits, a type changes.
import sys


def price(amount, rate):
    return amount * rate // 100


def total(n, rate):
    result = 0
    for i in range(n):
        if i == n - 1000:
            rate = rate + 0.5
        result = result + price(i * i * i, rate)
    return result


print(total(int(sys.argv[1]), 700))
