# It is an int always.
# options: --optimizing-threshold 20 --no-inlining
# not: not_int

x = 2

def choose(i):
    global x
    if i % 400 < 300:
        x = 2
    else:
        x = 1
    return i

def run(n):
    i = 0
    s = 0
    while i < n:
        choose(i)
        if x > 1:
            s = s + 1
        i = i + 1
    return s

print(run(1000))
