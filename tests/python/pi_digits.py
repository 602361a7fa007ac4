"""Digits of pi by a spigot on ints of any size."""


def digits(count):
    q, r, t, k, n, l = 1, 0, 1, 1, 3, 3
    shown = 0
    while shown < count:
        if 4 * q + r - t < n * t:
            print(n, end="")
            shown += 1
            if shown == 1:
                print(".", end="")
            r, n, q = 10 * (r - n * t), 10 * (3 * q + r) // t - 10 * n, q * 10
        else:
            r, n, l, t, q, k = (2 * q + r) * l, (q * (7 * k) + 2 + r * l) // (t * l), l + 2, t * l, q * k, k + 1
    print()


digits(120)
