# Nested containers, aliases, transitions of what a list holds, and what is unpacked.
xs = [1, 2, 3]
ys = xs
ys.append(4)
print(xs, xs is ys, xs == [1, 2, 3, 4], [1] is [1])
for i in range(8):
    xs[i % 4] = [1, 2.5, "s", None, (1,), [xs[0]], True, 2**70][i]
    print(xs)
grid = [[0] * 2] * 2
grid[0][0] = 1
print(grid)
loop = [1]
loop.append(loop)
print(loop, loop[1][1] is loop)
d = {"a": {"b": [1, {"c": (2, 3)}]}}
d["a"]["b"][1]["c"] += (4,)
d["a"]["b"][0] += 10
print(d)
a, (b, *c), *e = [1, "xyz", 3, 4]
print(a, b, c, e)
*a, b = {1: 2, 3: 4}
i, xs[i] = 1, "first i"
print(xs, a, b)
x = [1, 2]
x[1], y = x
print(x, y)
for xs[0], *rest in [(1, 2, 3), (4,)]:
    print(xs[0], rest)
s = {3, 1, 2}
t = s
s |= {5}
t -= {1}
s ^= {2, 9}
print(s, t is s, 3 in s, frozenset([1]) | {2}, {1: "a", **{2: "b"}, 1: "c"})
print([*range(3), *"ab"], (*{1: 2}, 0), {*[1, 1], 2}, *[], *(7, 8))
b = bytearray(b"abc")
b[0] = 120
b += b"\x00\xff"
print(b, bytes(b)[::-1], b"a" in b, list(b"hi"))
total = 0
for k, v in {i: i * i for i in range(5) if i % 2 == 0}.items():
    total += k * v
print(total, [n for n in [1, 2, 3] if (last := n) < 3], last)
n = 5
print([n for n in range(3)], n, [[n * m for m in range(n)] for n in range(4)])
print(slice(1, 2, 3), xs[slice(1, 3)], "abcdef"[::-2], (1, 2, 3)[-2:])
del xs[0], xs[-1:], d["a"]["b"]
print(xs, d)
values = [1, 2, 3, 4]
for v in values:
    if v % 2:
        values.append(v * 10)
    if len(values) > 7:
        del values[2:]
print(values)
def broken(items):
    for key in items:
        items[key + 1] = 0
print(sum([0.1] * 3), sum([[1], [2]], []), sum((x for x in [1, 2.5])), sum([True, 2**63]))
print(max([1, 3, 2]), min("hello"), max((x % 5, x) for x in range(9)), min([], default="none"))
print(any(x > 1 for x in [0, 1, 2, nothing]) if False else any(x > 1 for x in [0, 1, 2, "a"]), all([]))
print(list(zip("ab", [1, 2], (None, 3.5))), list(enumerate("xy", 5)), list(reversed([1, 2])))
broken({1: 2})
