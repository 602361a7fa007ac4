# Ints that have no exact float, compared with a float.
# options: --optimizing-threshold 20
# reason: inexact
# reason: recompiled_too_often
# hint: below 2 to the 53rd
n = 9007199254740800
limit = 9007199254741000.5
s = 0
while n < 9007199254741600:
    if n < limit:
        s = s + 1
    n = n + 1
print(s)
