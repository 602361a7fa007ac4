# Conway's game of life, on a list of lists and on a set of cells.


def step(grid):
    height, width = len(grid), len(grid[0])
    new = []
    for y in range(height):
        row = []
        for x in range(width):
            count = 0
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    if (dy or dx) and grid[(y + dy) % height][(x + dx) % width]:
                        count += 1
            row.append(1 if count == 3 or (count == 2 and grid[y][x]) else 0)
        new.append(row)
    return new


def step_cells(cells, height, width):
    counts = {}
    for y, x in cells:
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                if (dy, dx) != (0, 0):
                    key = ((y + dy) % height, (x + dx) % width)
                    counts[key] = counts.get(key, 0) + 1
    return {cell for cell, count in counts.items() if count == 3 or count == 2 and cell in cells}


height, width = 8, 10
grid = [[0] * width for _ in range(height)]
for y, x in [(0, 1), (1, 2), (2, 0), (2, 1), (2, 2)]:
    grid[y][x] = 1
cells = {(y, x) for y in range(height) for x in range(width) if grid[y][x]}
for generation in range(12):
    grid = step(grid)
    cells = step_cells(cells, height, width)
    assert cells == {(y, x) for y, row in enumerate(grid) for x, cell in enumerate(row) if cell}, generation
for row in grid:
    print("".join(".#"[cell] for cell in row))
print(sorted(cells))
