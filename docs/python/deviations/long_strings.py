# What: a str of more than 4 GiB stops the program, and can't be caught.
# Why: a size limit is a limit of the host's; `--max-str` sets another one, `--untrusted` a much lower one.
# Instead: print the parts one after another.
# CPython: MemoryError
# Here: size limit: a string would need more than 4294967296 bytes
print(len("a" * 2**62))
