# A loop whose work is to print.
# options: --optimizing-threshold 50
i = 0
while i < 400:
    print(i)
    i = i + 1
