# One place works on lists at first, and on tuples later.
# options: --optimizing-threshold 20 --no-inlining
# reason: wrong_shape
# says: because a value was of another type than before. Expected: an object of the type seen before.
# hint: let the place work on one type of object

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
            s = s + pick(60, (r, 2, 3))
        r = r + 1
    return s

print(run(12))
