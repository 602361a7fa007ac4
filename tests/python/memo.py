# Results that are kept in dicts.


def fib(n, known={}):
    if n < 2:
        return n
    if n not in known:
        known[n] = fib(n - 1) + fib(n - 2)
    return known[n]


memo = {}


def collatz(n):
    if n == 1:
        return 1
    if n not in memo:
        memo[n] = 1 + collatz(n // 2 if n % 2 == 0 else 3 * n + 1)
    return memo[n]


def partitions(n, most, known):
    if n == 0:
        return 1
    key = (n, most)
    if key in known:
        return known[key]
    known[key] = total = sum(partitions(n - k, k, known) for k in range(min(n, most), 0, -1))
    return total


print([fib(i) for i in range(15)], fib(150))
print(max((collatz(n), n) for n in range(1, 300)), len(memo))
print([partitions(n, n, {}) for n in range(12)])


def lookup(cache, order, key, size):
    """The least recently used go first."""
    if key in cache:
        order.remove(key)
    elif len(cache) == size:
        del cache[order.pop(0)]
    order.append(key)
    return cache.setdefault(key, key * key)


cache, order = {}, []
for key in [1, 2, 3, 1, 4, 5, 1, 2, 2, 9]:
    lookup(cache, order, key, 3)
print(cache, order)
