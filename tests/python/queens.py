"""How many ways there are to place n queens, by the bits of ints."""


def solve(full, columns, left, right):
    if columns == full:
        return 1
    count = 0
    free = full & ~(columns | left | right)
    while free:
        bit = free & -free
        free ^= bit
        count += solve(full, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return count


for n in range(1, 9):
    print(n, solve((1 << n) - 1, 0, 0, 0))
