# What to pack, and all ways to change money.


def knapsack(items, capacity):
    best = [[0] * (capacity + 1)]
    for weight, value in items:
        before = best[-1]
        row = before[:]
        for room in range(weight, capacity + 1):
            row[room] = max(before[room], before[room - weight] + value)
        best.append(row)
    chosen, room = [], capacity
    for i in range(len(items), 0, -1):
        if best[i][room] != best[i - 1][room]:
            chosen.append(items[i - 1])
            room -= items[i - 1][0]
    return best[-1][capacity], chosen[::-1]


def ways(coins, amount):
    count = [1] + [0] * amount
    for coin in coins:
        for i in range(coin, amount + 1):
            count[i] += count[i - coin]
    return count[amount]


items = [(12, 4), (2, 2), (1, 1), (4, 10), (1, 2), (7, 7), (5, 3)]
print(knapsack(items, 15))
print(knapsack([(w, v * 1.5) for w, v in items], 15))
print(ways([1, 2, 5, 10, 20, 50, 100, 200], 200), ways((3, 5), 4))
fractions = sorted([(v / w, w) for w, v in items], reverse=True)
room, total = 15, 0.0
for ratio, weight in fractions:
    taken = min(room, weight)
    total += taken * ratio
    room -= taken
    if not room:
        break
print(f"{total:.4f}")
