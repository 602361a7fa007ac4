# Ways that control takes, where the loop mostly ends by returning.
# options: --optimizing-threshold 20 --strategy trace
def first(n):
    i = 0
    while True:
        i = i + 1
        if i * i > n:
            return i

k = 0
s = 0
while k < 300:
    s = s + first(k % 5)
    k = k + 1
print(s)
