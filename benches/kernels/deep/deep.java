// n chains of calls, each 900 deep: a call at the bottom of which everything returns at once.
final class Main {
    static long down(long depth) {
        if (depth == 0) {
            return 0;
        }
        return down(depth - 1) + 1;
    }

    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long total = 0;
        while (n != 0) {
            total = total + down(900);
            n = n - 1;
        }
        System.out.println(total);
    }
}
