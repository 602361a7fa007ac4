# An inner loop of two rounds: entering its code costs more than it saves.
# options: --optimizing-threshold 50 --strategy trace
i = 0
s = 0
while i < 400:
    j = 0
    while j < 2:
        s = s + j
        j = j + 1
    i = i + 1
print(s)
