"""Primes by trial division, and by a sieve in the bits of one int."""


def is_prime(n: int) -> bool:
    if n < 2:
        return False
    d = 2
    while d * d <= n:
        if n % d == 0:
            return False
        d += 1
    return True


count = 0
for n in range(3000):
    if is_prime(n):
        count += 1
        last = n
print(count, last)

LIMIT = 2000
sieve = (1 << LIMIT) - 4
for p in range(2, 45):
    if sieve >> p & 1:
        for multiple in range(p * p, LIMIT, p):
            sieve &= ~(1 << multiple)
print(f"{sieve % 1000003:,}")
