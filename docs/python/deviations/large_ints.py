# What: an int of more than 2**19 bits stops the program, by default.
# Why: one operation must not take long or fill the memory; `--max-int-bits` sets another limit.
# Instead: compute modulo something, or raise the limit.
# CPython: 1000001
# Here: size limit: an int would need more than 524288 bits
x = 1 << 1000000
print(len(bin(x)) - 2)
