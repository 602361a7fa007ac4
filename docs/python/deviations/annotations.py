# What: annotations are not evaluated.
# Why: nothing looks at them; so a name in one need not exist.
# Instead: nothing is needed; `from __future__ import annotations` makes CPython do the same.
# CPython: NameError: name 'Natural' is not defined
# Here: 6
def double(x: Natural) -> Natural:
    return 2 * x


print(double(3))
