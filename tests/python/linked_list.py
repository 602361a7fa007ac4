# Linked lists: each node is a list of a value and the next node.


def from_values(values):
    head = None
    for value in reversed(values):
        head = [value, head]
    return head


def values(node):
    out = []
    while node is not None:
        value, node = node
        out.append(value)
    return out


def reverse(node):
    before = None
    while node:
        node[1], before, node = before, node, node[1]
    return before


def has_cycle(node):
    slow = fast = node
    while fast and fast[1]:
        slow, fast = slow[1], fast[1][1]
        if slow is fast:
            return True
    return False


def merge(a, b):
    head = last = [None, None]
    while a and b:
        if b[0] < a[0]:
            last[1], b = b, b[1]
        else:
            last[1], a = a, a[1]
        last = last[1]
    last[1] = a or b
    return head[1]


numbers = from_values(list(range(10)))
print(values(numbers), numbers)
numbers = reverse(numbers)
print(values(numbers))
print(values(merge(from_values([1, 4, 9]), from_values([2, 3, 10, 11]))))
print(has_cycle(numbers))
last = numbers
while last[1]:
    last = last[1]
last[1] = numbers
print(has_cycle(numbers), last[1] is numbers, last)
long = None
for i in range(3000):
    long = [i, long]
print(sum(values(long)))
