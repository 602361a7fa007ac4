# One variable is an int in one round and a float in the next.
# options: --optimizing-threshold 50
# says: the general form of `add`, a call of the run time: its operands were int or float
# hint: give the operands one type
x = 0
total = 0.0
i = 0
while i < 400:
    if i % 2 == 0:
        x = 1
    else:
        x = 0.5
    y = x + x
    i = i + 1
    total = total + y
print(total)
