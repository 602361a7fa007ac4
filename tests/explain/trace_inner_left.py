# A loop whose inner loop is left in the middle while the way of the outer one is recorded: its types have changed.
# options: --optimizing-threshold 20 --strategy trace --no-inlining
# reason: trace_inner_left
def scale(a, k):
    s = 0
    j = 0
    while j < k:
        s = s + a
        j = j + 1
    return s

def ints(n):
    i = 0
    t = 0
    while i < n:
        t = t + scale(i, 20)
        i = i + 1
    return t

def floats(n):
    i = 0
    t = 0.0
    while i < n:
        t = t + scale(i * 0.5, 20)
        i = i + 1
    return t

print(ints(300))
print(floats(300))
print(ints(300))
print(floats(300))
