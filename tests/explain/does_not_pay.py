# An inner loop of two rounds, which gets hot before the loop around it: entering its code costs more than it saves.
# reason: does_not_pay
# hint: let the loop around it get hot
i = 0
s = 0
while i < 9000:
    j = 0
    while j < 2:
        s = s + j
        j = j + 1
    i = i + 1
print(s)
