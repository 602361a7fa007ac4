# Permutations, subsets and products, by recursion on lists and tuples.


def permutations(xs):
    if len(xs) <= 1:
        return [tuple(xs)]
    result = []
    for i, x in enumerate(xs):
        for rest in permutations(xs[:i] + xs[i + 1 :]):
            result.append((x,) + rest)
    return result


def heap(xs, n, out):
    if n == 1:
        out.append("".join(xs))
        return
    for i in range(n):
        heap(xs, n - 1, out)
        j = 0 if n % 2 else i
        xs[j], xs[n - 1] = xs[n - 1], xs[j]


def subsets(xs):
    all = [[]]
    for x in xs:
        all += [subset + [x] for subset in all]
    return all


print(permutations([1, 2, 3]))
print(len(set(permutations(list("abcd")))))
out = []
heap(list("abcd"), 4, out)
print(out[:6], len(out), sorted(out) == sorted("".join(p) for p in permutations("abcd")))
print(sorted(subsets([1, 2, 3]), reverse=True))
print([(a, b) for a in "xy" for b in range(3) if (a, b) != ("x", 1)])
