# A loop in place of the recursion.
# options: --optimizing-threshold 50
# not: call_depth
# tier: optimizing
def total(n):
    s = 0
    while n > 0:
        s = s + n
        n = n - 1
    return s

i = 0
s = 0
while i < 60:
    s = s + total(900)
    i = i + 1
print(s)
