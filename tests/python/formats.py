"""How values look."""
import math

for n in range(-2, 3):
    print(f"{n:+d}|{n:05d}|{n:>6}|{n:<6}|{n:^6}|{n:x}|{n:#b}|{n:,}|{n * 1234567:_}")
    x = n / 3
    print(f"{x:.3f}|{x:10.2e}|{x:g}|{x:%}|{x!r}|{x}|{x:+.1f}|{x:,.4f}|{x:08.3f}")
width = 12
print(f"[{'text':>{width}}] [{'text':*^{width + 3}}] {math.pi:{width}.{width // 3}f} {width=} {width + 1 = :d}")
print(1e16, 1e15, 0.1 + 0.2, -0.0, 1e-5, 123456789.123456789, 2**64, -(2**70), 1e308 * 10, -math.inf, math.nan)
print("a" "b" 'c"d' "e'f", repr("x\ny'"), ascii("é"), str(None), True, sep="|")
print(round(2.675, 2), round(0.5), round(1.5), round(-2.5), round(12345, -2), round(1e300, -299))
