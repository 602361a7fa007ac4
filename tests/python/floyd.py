# Shortest ways between all places: lists of lists with infinity, and dicts of dicts.
INFINITY = float("inf")


def floyd(n, edges):
    distance = [[INFINITY] * n for _ in range(n)]
    following = [[None] * n for _ in range(n)]
    for a, b, length in edges:
        distance[a][b] = length
        following[a][b] = b
    for i in range(n):
        distance[i][i] = 0
    for k in range(n):
        for i in range(n):
            through = distance[i][k]
            if through == INFINITY:
                continue
            for j in range(n):
                if through + distance[k][j] < distance[i][j]:
                    distance[i][j] = through + distance[k][j]
                    following[i][j] = following[i][k]
    return distance, following


def way(following, a, b):
    if following[a][b] is None:
        return None
    places = [a]
    while a != b:
        a = following[a][b]
        places.append(a)
    return places


def dijkstra(graph, start):
    known, front = {}, {start: 0}
    while front:
        place = min((length, name) for name, length in front.items())[1]
        known[place] = front.pop(place)
        for other, length in graph.get(place, {}).items():
            if other not in known and known[place] + length < front.get(other, INFINITY):
                front[other] = known[place] + length
    return known


n = 9
edges = [(i, (i * 3 + 1) % n, i + 2) for i in range(n - 1)] + [(i, i + 1, 5) for i in range(n - 2)]
distance, following = floyd(n, edges)
for row in distance:
    print(*row)
print(way(following, 0, 7), way(following, 8, 0))
graph = {}
for a, b, length in edges:
    ways = graph.setdefault(a, {})
    ways[b] = min(length, ways.get(b, INFINITY))
print(dijkstra(graph, 0))
print(all(dijkstra(graph, i).get(j, INFINITY) == distance[i][j] for i in range(n) for j in range(n)))
