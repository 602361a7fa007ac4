# Products of matrices that are lists of lists.


def matmul(a, b):
    n, m, p = len(a), len(b), len(b[0])
    c = [[0] * p for _ in range(n)]
    for i in range(n):
        row = c[i]
        for j in range(p):
            total = 0
            for k in range(m):
                total += a[i][k] * b[k][j]
            row[j] = total
    return c


def transposed(a):
    return [list(row) for row in zip(*a)]


def identity(n):
    return [[1.0 if i == j else 0.0 for j in range(n)] for i in range(n)]


n = 12
a = [[(i * j) % 7 - 3 for j in range(n)] for i in range(n)]
b = [[(i + 2 * j) % 5 for j in range(n)] for i in range(n)]
c = matmul(a, b)
print(c[0], sum(map_row[3] for map_row in c))
print(matmul(transposed(b), transposed(a)) == transposed(c))
power = identity(4)
step = [[0.5, 0.25, 0.25, 0.0], [0.1, 0.2, 0.3, 0.4], [0.0, 0.0, 1.0, 0.0], [0.25] * 4]
for _ in range(20):
    power = matmul(power, step)
for row in power:
    print(" ".join(f"{x:.6f}" for x in row))
