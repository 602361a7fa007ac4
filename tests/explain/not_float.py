# A global that is a float at first and an int later.
# options: --optimizing-threshold 20 --no-inlining
# reason: not_float
# says: because a value was not a float. Expected: a float, as seen before.
# hint: begin with 0.0 instead of 0

x = 0.5

def choose(i):
    global x
    if i % 400 < 300:
        x = 0.5
    else:
        x = 1
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
