# A condition that is a bool at first and a number later.
# options: --optimizing-threshold 20
def odd(n):
    if n < 200:
        return n % 2 == 1
    return n % 2

i = 0
s = 0
flag = False
while i < 400:
    if flag:
        s = s + 1
    flag = odd(i)
    i = i + 1
print(s)
