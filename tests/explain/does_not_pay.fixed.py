# The loop around it goes on for longer, and is optimized with the inner loop in it.
# tier: optimizing
# says: those of the loops in it included
i = 0
s = 0
while i < 40000:
    j = 0
    while j < 2:
        s = s + j
        j = j + 1
    i = i + 1
print(s)
