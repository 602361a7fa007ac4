"""Everything is fine for a while."""
state = 0


def step(x, *, by=3):
    global state
    state += by
    if x > 40:
        limit = 100 // (50 - x)
    return limit + state


for i in range(41, 60):
    print(i, step(i), step(i, by=-1))
