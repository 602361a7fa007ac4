# The same loop goes on for longer.
# options: --optimizing-threshold 50
# tier: optimizing
total = 0
i = 0
while i < 700:
    total = total + i
    i = i + 1
print(total)
