# It counts, and prints once.
# options: --optimizing-threshold 50
# silent: a call of the run time
# tier: optimizing
i = 0
s = 0
while i < 400:
    s = s + i
    i = i + 1
print(s)
