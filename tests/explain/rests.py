# An inner loop that goes on for long at first, and later ends at once.
# reason: rests_for_rounds
i = 0
s = 0
while i < 9000:
    j = 0
    n = 40
    if i > 1000:
        n = 1
    while j < n:
        s = s + j
        j = j + 1
    i = i + 1
print(s)
