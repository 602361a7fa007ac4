# A loop with more calls than fit in: it waits until the functions called have code of their own, which they are too short to get.
# options: --optimizing-threshold 20
# reason: awaits_callee
# reason: callee_not_optimized
# reason: rests_for_calls
def g0(x):
    y = (x * 3 + 0) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g1(x):
    y = (x * 3 + 1) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g2(x):
    y = (x * 3 + 2) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g3(x):
    y = (x * 3 + 3) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g4(x):
    y = (x * 3 + 4) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g5(x):
    y = (x * 3 + 5) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g6(x):
    y = (x * 3 + 6) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g7(x):
    y = (x * 3 + 7) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g8(x):
    y = (x * 3 + 8) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g9(x):
    y = (x * 3 + 9) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g10(x):
    y = (x * 3 + 10) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g11(x):
    y = (x * 3 + 11) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g12(x):
    y = (x * 3 + 12) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g13(x):
    y = (x * 3 + 13) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g14(x):
    y = (x * 3 + 14) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g15(x):
    y = (x * 3 + 15) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g16(x):
    y = (x * 3 + 16) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g17(x):
    y = (x * 3 + 17) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g18(x):
    y = (x * 3 + 18) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g19(x):
    y = (x * 3 + 19) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g20(x):
    y = (x * 3 + 20) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g21(x):
    y = (x * 3 + 21) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g22(x):
    y = (x * 3 + 22) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g23(x):
    y = (x * 3 + 23) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g24(x):
    y = (x * 3 + 24) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g25(x):
    y = (x * 3 + 25) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g26(x):
    y = (x * 3 + 26) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g27(x):
    y = (x * 3 + 27) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g28(x):
    y = (x * 3 + 28) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

def g29(x):
    y = (x * 3 + 29) % 1000003
    y = (y * 5 + x) % 1000003
    return (y * 7 + x) % 1000003

i = 0
s = 0
while i < 400:
    s = s + g0(i)
    s = s + g1(i)
    s = s + g2(i)
    s = s + g3(i)
    s = s + g4(i)
    s = s + g5(i)
    s = s + g6(i)
    s = s + g7(i)
    s = s + g8(i)
    s = s + g9(i)
    s = s + g10(i)
    s = s + g11(i)
    s = s + g12(i)
    s = s + g13(i)
    s = s + g14(i)
    s = s + g15(i)
    s = s + g16(i)
    s = s + g17(i)
    s = s + g18(i)
    s = s + g19(i)
    s = s + g20(i)
    s = s + g21(i)
    s = s + g22(i)
    s = s + g23(i)
    s = s + g24(i)
    s = s + g25(i)
    s = s + g26(i)
    s = s + g27(i)
    s = s + g28(i)
    s = s + g29(i)
    i = i + 1
print(s)
