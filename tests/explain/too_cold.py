# Nothing here runs often enough to be worth compiling.
# says: That is too cold to be compiled: 10 rounds would do (--hotspot-threshold), 3 more.
# tier: interpreter
total = 0
i = 0
while i < 7:
    total = total + i
    i = i + 1
print(total)
