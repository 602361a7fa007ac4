"""n steps of the generator x -> (x * 1103515245 + 12345) & 0x7fffffff from 42; prints the last x."""
import sys


def main(n):
    x = 42
    while n:
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        n = n - 1
    print(x)


main(int(sys.argv[1]))
