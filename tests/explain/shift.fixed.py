# The distance is masked, so the result keeps within 64 bits.
# options: --optimizing-threshold 50
# not: shift_range
# tier: optimizing
i = 0
bits = 0
while i < 400:
    if i < 200:
        bits = bits ^ (1 << (i & 31))
    else:
        bits = bits ^ (1 << ((i - 170) & 31))
    i = i + 1
print(bits)
