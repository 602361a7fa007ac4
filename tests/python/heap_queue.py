# A heap in a list.


def push(heap, item):
    heap.append(item)
    at = len(heap) - 1
    while at:
        parent = (at - 1) >> 1
        if not heap[at] < heap[parent]:
            break
        heap[at], heap[parent] = heap[parent], heap[at]
        at = parent


def pop(heap):
    last = heap.pop()
    if not heap:
        return last
    top, heap[0], at = heap[0], last, 0
    while 2 * at + 1 < len(heap):
        child = 2 * at + 1
        if child + 1 < len(heap) and heap[child + 1] < heap[child]:
            child += 1
        if not heap[child] < heap[at]:
            break
        heap[at], heap[child] = heap[child], heap[at]
        at = child
    return top


heap = []
for i in range(80):
    push(heap, i * 53 % 83)
print([pop(heap) for _ in range(10)], len(heap))
tasks = []
for priority, name in [(3, "write"), (1, "think"), (2, "read"), (1, "ask")]:
    push(tasks, (priority, name))
while tasks:
    print(*pop(tasks), sep=": ")
for x in [1, 2.5, True, -1]:
    push(heap, x)
print(heap[:3])
push(heap, "text")
