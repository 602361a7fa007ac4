# Only the last digits are wanted, so only they are kept.
# options: --optimizing-threshold 50
# not: overflow
# tier: optimizing
x = 1
i = 0
while i < 300:
    if i < 100:
        x = x + i
    else:
        x = (x * 3 + 1) % 1000
    i = i + 1
print(x % 1000)
