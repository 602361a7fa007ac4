# A loop whose calls all fit in.
# options: --optimizing-threshold 20
# not: callee_not_optimized
# tier: optimizing
def g0(x):
    y = (x * 3 + 0) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g1(x):
    y = (x * 3 + 1) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g2(x):
    y = (x * 3 + 2) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g3(x):
    y = (x * 3 + 3) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g4(x):
    y = (x * 3 + 4) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

i = 0
s = 0
while i < 400:
    s = s + g0(i)
    s = s + g1(i)
    s = s + g2(i)
    s = s + g3(i)
    s = s + g4(i)
    i = i + 1
print(s)
