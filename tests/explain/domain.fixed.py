# It is looked at first.
# options: --optimizing-threshold 20
# not: domain
# tier: optimizing
import math

x = 300.0
s = 0.0
while x > -5.0:
    if x >= 0.0:
        s = s + math.sqrt(x)
    x = x - 1.0
print(s)
