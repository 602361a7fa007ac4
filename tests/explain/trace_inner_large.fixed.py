# The same by regions.
# options: --optimizing-threshold 20 --strategy region
# not: trace_inner_too_large
# tier: optimizing
def d1(x):
    return d2(x) + 1

def d2(x):
    return d3(x) + 1

def d3(x):
    return d4(x) + 1

def d4(x):
    return x * 3 % 7

def c1(x):
    return c2(x) + 1

def c2(x):
    return c3(x) + 1

def c3(x):
    return c4(x) + 1

def c4(x):
    return c5(x) + 1

def c5(x):
    j = 0
    s = 0
    while j < 30:
        s = s + d1(j + x)
        j = j + 1
    return s

i = 0
t = 0
while i < 600:
    t = t + c1(i)
    i = i + 1
print(t)
