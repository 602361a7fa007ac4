# Recursion deeper than compiled code goes.
# options: --optimizing-threshold 50
# reason: call_depth
# says: because too many calls were active
# hint: a loop, or recursion on the smaller half
def total(n):
    if n == 0:
        return 0
    return n + total(n - 1)

i = 0
s = 0
while i < 60:
    s = s + total(900)
    i = i + 1
print(s)
