# What: a str of more than 8 MiB stops the program.
# Why: one operation must not fill the memory.
# Instead: print the parts one after another.
# CPython: 10000000
# Here: size limit: a string would need more than 8388608 bytes
print(len("a" * 10_000_000))
