"""How many points of a grid of n times n over [-2, 1) x [-1.5, 1.5) are still inside after 50 rounds."""
import sys


def main(n):
    inside = 0
    y = 0
    while y < n:
        cy = y * 3.0 / n - 1.5
        x = 0
        while x < n:
            cx = x * 3.0 / n - 2.0
            zx = 0.0
            zy = 0.0
            k = 0
            while k < 50:
                if zx * zx + zy * zy > 4.0:
                    break
                t = zx * zx - zy * zy + cx
                zy = 2.0 * zx * zy + cy
                zx = t
                k = k + 1
            else:
                inside = inside + 1
            x = x + 1
        y = y + 1
    print(inside)


main(int(sys.argv[1]))
