"""The steps of Newton's method for z ** 3 = 1, at most 40 a point, summed over a grid of n times n points around the origin."""
import sys


def steps(x, y):
    k = 0
    while k < 40:
        xx = x * x
        yy = y * y
        re = x * (xx - 3.0 * yy) - 1.0
        im = y * (3.0 * xx - yy)
        if re * re + im * im < 1e-12:
            return k
        # 3 z * z, by which z ** 3 - 1 is divided.
        p = 3.0 * (xx - yy)
        q = 6.0 * x * y
        d = p * p + q * q
        x = x - (re * p + im * q) / d
        y = y - (im * p - re * q) / d
        k = k + 1
    return k


def main(n):
    total = 0
    row = 0
    while row < n:
        column = 0
        while column < n:
            total = total + steps(column * 4.0 / n - 1.99, row * 4.0 / n - 1.99)
            column = column + 1
        row = row + 1
    print(total)


main(int(sys.argv[1]))
