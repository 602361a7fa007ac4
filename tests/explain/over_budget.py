# A function that is called in more places than its body fits into.
# options: --optimizing-threshold 10
# reason: inline_over_budget
def small(n):
    s = 0
    while n > 0:
        s = s + n
        n = n - 1
    return s

def caller(k):
    return small(k % 3)

i = 0
t = 0
while i < 3000:
    print(caller(i)) if i % 500 == 0 else None
    t = t + caller(i)
    i = i + 1
print(t)
