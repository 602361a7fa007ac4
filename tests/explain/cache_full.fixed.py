# A code cache that holds it.
# options: --optimizing-threshold 50 --code-cache 4M
# not: evict
# tier: optimizing
def f0(n):
    s = 0
    i = 0
    while i < n:
        s = (s * 3 + i) % 1000003
        i = i + 1
    return s

def f1(n):
    s = 0
    i = 0
    while i < n:
        s = (s * 3 + i) % 1000003
        i = i + 1
    return s

def f2(n):
    s = 0
    i = 0
    while i < n:
        s = (s * 3 + i) % 1000003
        i = i + 1
    return s

def f3(n):
    s = 0
    i = 0
    while i < n:
        s = (s * 3 + i) % 1000003
        i = i + 1
    return s

def f4(n):
    s = 0
    i = 0
    while i < n:
        s = (s * 3 + i) % 1000003
        i = i + 1
    return s

def f5(n):
    s = 0
    i = 0
    while i < n:
        s = (s * 3 + i) % 1000003
        i = i + 1
    return s

def f6(n):
    s = 0
    i = 0
    while i < n:
        s = (s * 3 + i) % 1000003
        i = i + 1
    return s

def f7(n):
    s = 0
    i = 0
    while i < n:
        s = (s * 3 + i) % 1000003
        i = i + 1
    return s

def f8(n):
    s = 0
    i = 0
    while i < n:
        s = (s * 3 + i) % 1000003
        i = i + 1
    return s

def f9(n):
    s = 0
    i = 0
    while i < n:
        s = (s * 3 + i) % 1000003
        i = i + 1
    return s

def f10(n):
    s = 0
    i = 0
    while i < n:
        s = (s * 3 + i) % 1000003
        i = i + 1
    return s

def f11(n):
    s = 0
    i = 0
    while i < n:
        s = (s * 3 + i) % 1000003
        i = i + 1
    return s

t = 0
k = 0
while k < 40:
    t = t + f0(60)
    t = t + f1(60)
    t = t + f2(60)
    t = t + f3(60)
    t = t + f4(60)
    t = t + f5(60)
    t = t + f6(60)
    t = t + f7(60)
    t = t + f8(60)
    t = t + f9(60)
    t = t + f10(60)
    t = t + f11(60)
    k = k + 1
print(t)
