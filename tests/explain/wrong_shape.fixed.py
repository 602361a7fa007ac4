# It works on lists always.
# options: --optimizing-threshold 20 --no-inlining
# not: wrong_shape

def pick(n, xs):
    i = 0
    s = 0
    while i < n:
        s = s + xs[i % 3]
        i = i + 1
    return s

def run(n):
    r = 0
    s = 0
    while r < n:
        if r < 8:
            s = s + pick(60, [r, 2, 3])
        else:
            s = s + pick(60, [r, 2, 3])
        r = r + 1
    return s

print(run(12))
