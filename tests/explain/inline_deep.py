# Calls within calls, deeper than bodies are put in place.
# options: --optimizing-threshold 20
# reason: inline_too_deep
def c1(x):
    return c2(x) + 1

def c2(x):
    return c3(x) + 2

def c3(x):
    return c4(x) + 3

def c4(x):
    return c5(x) + 4

def c5(x):
    return c6(x) + 5

def c6(x):
    return c7(x) + 6

def c7(x):
    return c8(x) + 7

def c8(x):
    return c9(x) + 8

def c9(x):
    return c10(x) + 9

def c10(x):
    return c11(x) + 10

def c11(x):
    return c12(x) + 11

def c12(x):
    return x * 3 % 7

i = 0
t = 0
while i < 600:
    t = t + c1(i)
    i = i + 1
print(t)
