/* n chains of calls, each 900 deep: a call at the bottom of which everything returns at once. The attribute and the barrier keep
   the calls. */
#include <stdio.h>
#include <stdlib.h>

__attribute__((noinline)) static long down(long depth) {
    if (depth == 0) {
        return 0;
    }
    long below = down(depth - 1);
    __asm__ volatile("" : "+r"(below));
    return below + 1;
}

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 0;
    long total = 0;
    while (n != 0) {
        total = total + down(900);
        n = n - 1;
    }
    printf("%ld\n", total);
    return 0;
}
