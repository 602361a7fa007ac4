# What: a comprehension is no call of its own to the limit on recursion.
# Why: it is a loop in the function around; CPython 3.11 makes a function of it and calls that.
# Instead: nothing is needed; CPython 3.12 does the same as this.
# CPython: RecursionError: maximum recursion depth exceeded in comparison
# Here: 600
def depth(n):
    return max([1 + depth(n - 1) for _ in range(n > 0)], default=0)


print(depth(600))
