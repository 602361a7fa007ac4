# Trees of tuples, and a search tree of lists.


def bottom_up(depth):
    if depth == 0:
        return (None, None)
    return (bottom_up(depth - 1), bottom_up(depth - 1))


def check(tree):
    left, right = tree
    return 1 if left is None else 1 + check(left) + check(right)


def insert(tree, key):
    while tree:
        tree = tree[1] if key < tree[0] else tree[2]
    tree.extend([key, [], []])


def in_order(tree, out):
    if tree:
        in_order(tree[1], out)
        out.append(tree[0])
        in_order(tree[2], out)
    return out


def depth(tree):
    return 1 + max(depth(tree[1]), depth(tree[2])) if tree else 0


for d in range(3, 8, 2):
    print(d, sum(check(bottom_up(d)) for _ in range(4)))
print(bottom_up(2))
root = []
for i in range(60):
    insert(root, i * 37 % 61)
print(in_order(root, []) == sorted(i * 37 % 61 for i in range(60)), depth(root))
print(root[1], root[2][0], len(str(root)))
