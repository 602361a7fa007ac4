# The loop goes on until it is hot: then the function's body takes the place of the calls.
# says: Its body stands in place of calls at line 12
# tier: optimizing
def twice(x):
    return x + x

i = 0
s = 0


while i < 20000:
    s = s + twice(i) + twice(s) % 7
    i = i + 1
print(s)
