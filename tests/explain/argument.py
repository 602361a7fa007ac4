# A function that is called with ints here and with floats there.
# options: --optimizing-threshold 20 
def square(x):
    return (x * x + x) % 1000

def ints(n):
    i = 0
    s = 0
    while i < n:
        s = s + square(i)
        i = i + 1
    return s

def floats(n):
    i = 0
    s = 0.0
    while i < n:
        s = s + square(i * 0.5)
        i = i + 1
    return s

k = 0
while k < 60:
    a = ints(50)
    b = floats(50)
    k = k + 1
print(a, b)
