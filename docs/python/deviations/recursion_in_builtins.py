# What: a builtin function that is called at the very limit on recursion runs; there is no RecursionError for its own call.
# Why: to CPython a builtin function may be one call more, or two, or none, depending on how it has specialised the place by then.
# Instead: stay two calls away from the limit, or set it higher: `sys.setrecursionlimit(2000)`.
# CPython: RecursionError: maximum recursion depth exceeded while calling a Python object
# Here: deep enough
def down(n):
    if n == 0:
        print("deep enough")
        return
    down(n - 1)


down(998)
