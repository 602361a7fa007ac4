# Sorting in place, and by making new lists.


def quicksort(xs, low, high):
    while low < high:
        pivot = xs[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while xs[i] < pivot:
                i += 1
            while xs[j] > pivot:
                j -= 1
            if i <= j:
                xs[i], xs[j] = xs[j], xs[i]
                i += 1
                j -= 1
        quicksort(xs, low, j)
        low = i


def functional(xs):
    if not xs:
        return []
    head, *tail = xs
    return functional([x for x in tail if x < head]) + [head] + functional([x for x in tail if x >= head])


def merge_sort(xs):
    if len(xs) < 2:
        return xs
    a, b = merge_sort(xs[: len(xs) // 2]), merge_sort(xs[len(xs) // 2 :])
    out, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if b[j] < a[i]:
            out.append(b[j])
            j += 1
        else:
            out.append(a[i])
            i += 1
    return out + a[i:] + b[j:]


def insertion_sort(xs):
    for i in range(1, len(xs)):
        x, j = xs[i], i
        while j and xs[j - 1] > x:
            xs[j] = xs[j - 1]
            j -= 1
        xs[j] = x


seed, numbers = 42, []
for _ in range(150):
    seed = (seed * 1103515245 + 12345) % 2147483648
    numbers.append(seed // 65536 % 1000)
expected = sorted(numbers)
own = numbers[:]
quicksort(own, 0, len(own) - 1)
third = list(numbers)
insertion_sort(third)
print(own == expected, functional(numbers) == expected, merge_sort(numbers) == expected, third == expected)
floats = [x / 7 for x in numbers[:20]]
quicksort(floats, 0, 19)
print(floats[:3], floats == sorted(floats))
texts = [str(x) for x in numbers[:20]]
quicksort(texts, 0, 19)
print(texts)
mixed = [3, 1.5, True, 2]
quicksort(mixed, 0, 3)
print(mixed)
mixed[2] = "two"
quicksort(mixed, 0, 3)
