# What: a fractional power of a negative number is an error.
# Why: there are no complex numbers.
# Instead: take the power of abs(x), or test the sign first.
# CPython: (8.659560562354934e-17+1.4142135623730951j)
# Here: ValueError: complex results are not supported
x = -2
print(x**0.5)
