# A divisor that becomes zero: the program ends with an error, and is explained up to there.
# options: --optimizing-threshold 50
# exit: 1
# reason: zero_divisor
# says: because a divisor was zero. Expected: a divisor other than zero.
# says: i = 
# hint: look at the divisor before dividing
i = 300
total = 0
while i > -5:
    total = total + 1000 // i
    i = i - 1
print(total)
