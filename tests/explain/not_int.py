# A global that is an int at first and a float later.
# options: --optimizing-threshold 20 --no-inlining
# reason: not_int
# says: because a value was not an int of 64 bits. Expected: an int of at most 64 bits, as seen before.
# hint: give the variable one type for the whole loop

x = 2

def choose(i):
    global x
    if i % 400 < 300:
        x = 2
    else:
        x = 1.5
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
