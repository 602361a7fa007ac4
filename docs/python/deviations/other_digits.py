# What: int() and float() read the digits 0 to 9, and not those of other scripts.
# Why: numbers in programs and their input are written in ASCII.
# Instead: translate the digits first.
# CPython: 12
# Here: ValueError: invalid literal for int() with base 10: '١٢'
print(int("١٢"))
