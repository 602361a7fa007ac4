# A tiny function that is called often, by a loop that is not hot enough.
# reason: tiny_leaf
# says: it is so small that entering optimized code costs more than it saves
# hint: let the loop that calls it get hot
def twice(x):
    return x + x

i = 0
s = 0
while i < 6000:
    s = s + twice(i) + twice(s) % 7
    i = i + 1
print(s)
