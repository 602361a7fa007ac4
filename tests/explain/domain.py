# A root of a number below zero: the program ends with an error, and is explained up to there.
# options: --optimizing-threshold 20
# exit: 1
# reason: domain
# hint: look at the value first
import math

x = 300.0
s = 0.0
while x > -5.0:
    s = s + math.sqrt(x)
    x = x - 1.0
print(s)
