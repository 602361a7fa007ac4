# A sum that begins as an int and goes on as a float.
# options: --optimizing-threshold 50
# reason: entry_mismatch
# reason: entry_changed
# says: found float
# hint: begin with 0.0 instead of 0
total = 0
i = 0
while i < 400:
    if i == 200:
        total = total + 0.5
    else:
        total = total + 1
    i = i + 1
print(total)
