# The primes below a bound, by crossing out.


def sieve(n):
    is_prime = [True] * (n + 1)
    is_prime[0] = is_prime[1] = False
    i = 2
    while i * i <= n:
        if is_prime[i]:
            for j in range(i * i, n + 1, i):
                is_prime[j] = False
        i += 1
    return [i for i, prime in enumerate(is_prime) if prime]


primes = sieve(2000)
print(len(primes), primes[:10], primes[-3:])
by_slices = [True] * 501
for i in range(2, 23):
    by_slices[i * i :: i] = [False] * len(by_slices[i * i :: i])
print(sum(by_slices) - 2, [i for i in range(2, 60) if by_slices[i]])
