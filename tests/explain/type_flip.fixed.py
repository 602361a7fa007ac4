# It is a float from the beginning.
# options: --optimizing-threshold 50
# not: entry_mismatch
# not: entry_changed
# tier: optimizing
total = 0.0
i = 0
while i < 400:
    if i == 200:
        total = total + 0.5
    else:
        total = total + 1
    i = i + 1
print(total)
