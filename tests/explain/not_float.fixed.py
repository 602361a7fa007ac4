# It is a float always.
# options: --optimizing-threshold 20 --no-inlining
# not: not_float

x = 0.5

def choose(i):
    global x
    if i % 400 < 300:
        x = 0.5
    else:
        x = 1.0
    return i

def run(n):
    i = 0
    s = 0.0
    while i < n:
        choose(i)
        s = s + x
        i = i + 1
    return s

print(run(1000))
