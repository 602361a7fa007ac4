# A trace that comes to a call too deep to be followed, which goes on for long.
# options: --optimizing-threshold 20 --strategy trace
# reason: trace_call_too_long
def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)

k = 0
s = 0
while k < 60:
    s = s + fib(19)
    k = k + 1
print(s)
