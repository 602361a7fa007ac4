# A shift whose result outgrows 64 bits.
# options: --optimizing-threshold 50
# reason: shift_range
# says: because a shift was negative or its result did not fit 64 bits
# hint: mask the value before it is shifted
i = 0
bits = 0
while i < 400:
    if i < 200:
        bits = bits ^ (1 << (i & 31))
    else:
        bits = bits ^ (1 << (i - 170))
    i = i + 1
print(bits)
