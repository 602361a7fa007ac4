# A product that grows beyond 64 bits.
# options: --optimizing-threshold 50
# reason: overflow
# says: because an int result did not fit 64 bits. Expected: a result that fits 64 bits.
# says: x = 
# hint: keep them small with a modulus
x = 1
i = 0
while i < 300:
    if i < 100:
        x = x + i
    else:
        x = x * 3 + 1
    i = i + 1
print(x % 1000)
