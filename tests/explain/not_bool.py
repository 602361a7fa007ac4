# A condition that is a bool at first and a number later.
# options: --optimizing-threshold 20 --no-inlining
# reason: not_bool
# says: because a value was not a bool. Expected: a bool, as seen before.
# hint: let the condition be True or False on every way

x = False

def choose(i):
    global x
    if i % 400 < 300:
        x = i % 2 == 1
    else:
        x = i % 2
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
