# It is looked at before.
# options: --optimizing-threshold 50
# not: zero_divisor
# tier: optimizing
i = 300
total = 0
while i > -5:
    if i != 0:
        total = total + 1000 // i
    i = i - 1
print(total)
