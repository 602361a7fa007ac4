# Queens that do not attack each other.


def solutions(n, row=0, columns=(), sums=frozenset(), differences=frozenset()):
    if row == n:
        return [list(columns)]
    found = []
    for column in range(n):
        if column in columns or row + column in sums or row - column in differences:
            continue
        found += solutions(n, row + 1, columns + (column,), sums | {row + column}, differences | {row - column})
    return found


def board(columns):
    return "\n".join("".join("Q" if c == column else "." for c in range(len(columns))) for column in columns)


for n in range(1, 7):
    print(n, len(solutions(n)))
print(board(solutions(6)[0]))


def place(n, row, used, up, down):
    if row == n:
        return 1
    count = 0
    for c in range(n):
        if not (used[c] or up[row + c] or down[row - c + n - 1]):
            used[c] = up[row + c] = down[row - c + n - 1] = True
            count += place(n, row + 1, used, up, down)
            used[c] = up[row + c] = down[row - c + n - 1] = False
    return count


print(place(7, 0, [False] * 7, [False] * 13, [False] * 13))
