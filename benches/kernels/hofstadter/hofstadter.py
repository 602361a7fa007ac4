"""The sum of Hofstadter's female sequence up to n: two functions that call each other, and neither in tail position."""
import sys


def female(n):
    if n == 0:
        return 1
    return n - male(female(n - 1))


def male(n):
    if n == 0:
        return 0
    return n - female(male(n - 1))


def main(n):
    total = 0
    i = 0
    while i < n:
        total = total + female(i)
        i = i + 1
    print(total)


main(int(sys.argv[1]))
