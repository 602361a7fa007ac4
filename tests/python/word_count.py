# How often words occur.
TEXT = """It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of
foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the
season of Darkness, it was the spring of hope, it was the winter of despair."""


def words(text):
    for c in ".,\n":
        text = text.replace(c, " ")
    return text.lower().split()


counts = {}
for word in words(TEXT):
    counts[word] = counts.get(word, 0) + 1
for count, word in sorted([(-count, word) for word, count in counts.items()])[:8]:
    print(f"{word:<10}{-count:>4}")
by_length = {}
for word in counts:
    by_length.setdefault(len(word), []).append(word)
for length in sorted(by_length):
    print(length, sorted(by_length[length]))
letters = {c: TEXT.count(c) for c in "etaoin"}
print(letters, max(letters.values()), sum(letters.values()))
print(sorted(set(TEXT.upper()) - set("ABCDEFGHIJKLM \n")))
del counts["it"], counts["was"]
print(len(counts), "it" in counts, counts.pop("the"), counts.pop("the", None))
