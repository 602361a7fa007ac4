# A loop that ends, and the program with it, just when its way is being recorded.
# options: --optimizing-threshold 20 --strategy trace
# reason: trace_ends
s = 0
i = 0
while i < 30:
    s = s + i
    i = i + 1
print(s)
