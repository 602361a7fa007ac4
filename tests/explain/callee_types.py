# args: none
# options: --optimizing-threshold 20
def area(a, b):
    s = 0
    k = 0
    while k < 30:
        s = s + a * b
        k = k + 1
    return s

def ints(n):
    i = 0
    t = 0
    while i < n:
        t = t + area(i, 2)
        i = i + 1
    return t

def floats(n):
    i = 0
    t = 0.0
    while i < n:
        t = t + area(i * 0.5, 2)
        i = i + 1
    return t

k = 0
while k < 30:
    print(ints(20), floats(20))
    k = k + 1
