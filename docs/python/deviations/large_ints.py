# What: an int of more than 2**32 bits stops the program, and can't be caught.
# Why: a size limit is a limit of the host's; `--max-int-bits` sets another one, `--untrusted` a much lower one.
# Instead: compute modulo something.
# CPython: MemoryError
# Here: size limit: an int would need more than 4294967296 bits
x = 1 << 2**62
print(len(bin(x)) - 2)
