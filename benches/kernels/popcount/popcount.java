// The one-bits of all numbers below n, removed one by one.
final class Main {
    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long total = 0;
        long i = 0;
        while (i < n) {
            long rest = i;
            while (rest != 0) {
                rest = rest & rest - 1;
                total = total + 1;
            }
            i = i + 1;
        }
        System.out.println(total);
    }
}
