# Results of another kind than baseline code was made for: ints that no longer fit 64 bits.
# reason: unexpected_results
x = 1
i = 0
while i < 600:
    if i < 200:
        x = x + 1
    else:
        x = x * 3 + 1
    i = i + 1
print(x % 1000)
