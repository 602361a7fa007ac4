# A call behind a loop, in a function that is optimized while it is in the loop.
# options: --optimizing-threshold 50 --strategy method
# reason: never_called
def last(x):
    return x * 3 % 7

def work(n):
    i = 0
    s = 0
    while i < n:
        s = s + i
        i = i + 1
    return last(s)

print(work(3000))
