# It asks for the length before.
# options: --optimizing-threshold 20 --no-inlining
# not: no_element

def run(n):
    xs = [1, 2, 3]
    i = 0
    s = 0
    while i < n:
        k = i // 900
        if k < len(xs):
            s = s + xs[k]
        else:
            s = s + 1
        i = i + 1
    return s

print(run(3000))
