# The most flips that a permutation needs until its first number is 1.


def fannkuch(n):
    perm1 = list(range(n))
    count = [0] * n
    checksum = most = number = 0
    r = n
    while True:
        while r != 1:
            count[r - 1] = r
            r -= 1
        perm = perm1[:]
        flips = 0
        k = perm[0]
        while k:
            perm[: k + 1] = perm[k::-1]
            flips += 1
            k = perm[0]
        most = max(most, flips)
        checksum += flips if number % 2 == 0 else -flips
        while True:
            if r == n:
                return checksum, most
            first = perm1[0]
            for i in range(r):
                perm1[i] = perm1[i + 1]
            perm1[r] = first
            count[r] -= 1
            if count[r] > 0:
                break
            r += 1
        number += 1


checksum, flips = fannkuch(6)
print(checksum)
print("Pfannkuchen(6) =", flips)
