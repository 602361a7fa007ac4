# A function that is called in one round of a hundred.
# options: --optimizing-threshold 200
# reason: seldom_called
def rare(x):
    return x * 2 - 1

i = 0
s = 0
while i < 2000:
    if i % 150 == 0:
        s = s + rare(i)
    s = s + i
    i = i + 1
print(s)
