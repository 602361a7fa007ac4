# One function for each type.
# options: --optimizing-threshold 250 --no-inlining
# not: argument_changed
# tier: optimizing
def scale(a):
    s = a
    j = 0
    while j < 9:
        s = s + a
        j = j + 1
    return s

def scale_float(a):
    s = a
    j = 0
    while j < 9:
        s = s + a
        j = j + 1
    return s

def ints(n):
    i = 0
    t = 0
    while i < n:
        t = t + scale(i)
        i = i + 1
    return t

def mixed(n):
    i = 0
    t = 0.0
    while i < n:
        t = t + scale(i)
        if i % 200 == 150:
            t = t + scale_float(0.5)
        i = i + 1
    return t

print(ints(2000))
print(mixed(2000))
