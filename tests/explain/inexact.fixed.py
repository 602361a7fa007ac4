# They are kept below 2 to the 53rd.
# options: --optimizing-threshold 20
# not: inexact
# tier: optimizing
base = 9007199254740800
n = 0
limit = 200.5
s = 0
while n < 800:
    if n < limit:
        s = s + 1
    n = n + 1
print(s)
