"""Perfect numbers, and how near others come."""


def divisors(n):
    total = 1 if n > 1 else 0
    d = 2
    while d * d < n:
        if n % d == 0:
            total += d + n // d
        d += 1
    if d * d == n:
        total += d
    return total


abundant = deficient = 0
for n in range(1, 2000):
    s = divisors(n)
    if s == n:
        print(n, "is perfect")
    elif s > n:
        abundant += 1
    else:
        deficient += 1
print(abundant, deficient, sep="/")
