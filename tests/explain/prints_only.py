# A loop whose work is to print.
# options: --optimizing-threshold 50
# says: `print`, a call of the run time, which takes as long as it does interpreted
# hint: print less often
i = 0
while i < 400:
    print(i)
    i = i + 1
