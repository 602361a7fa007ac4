# What: `%` with a str on its left is a TypeError with words of its own; where a literal stands there, the program is refused (PY601).
# Why: formatting with `%` is not supported.
# Instead: use an f-string.
# CPython: 5 apples
# Here: TypeError: str formatting with % is not supported
template = "%d apples"
print(template % 5)
