# It is a bool always.
# options: --optimizing-threshold 20 --no-inlining
# not: not_bool

x = False

def choose(i):
    global x
    if i % 400 < 300:
        x = i % 2 == 1
    else:
        x = i % 3 == 1
    return i

def run(n):
    i = 0
    s = 0
    while i < n:
        choose(i)
        if x:
            s = s + 1
        i = i + 1
    return s

print(run(1000))
