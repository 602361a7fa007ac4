# A loop that goes beyond the end of a list at last, and handles that.
# options: --optimizing-threshold 20 --no-inlining
# reason: no_element
# says: because an index led to no element. Expected: an index of an element that is there.
# hint: ask for the length before

def run(n):
    xs = [1, 2, 3]
    i = 0
    s = 0
    while i < n:
        k = i // 900
        try:
            s = s + xs[k]
        except IndexError:
            s = s + 1
        i = i + 1
    return s

print(run(3000))
