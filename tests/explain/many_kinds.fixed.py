# It is a float in every round.
# options: --optimizing-threshold 50
# silent: the general form of
# tier: optimizing
x = 0.0
total = 0.0
i = 0
while i < 400:
    if i % 2 == 0:
        x = 1.0
    else:
        x = 0.5
    y = x + x
    i = i + 1
    total = total + y
print(total)
