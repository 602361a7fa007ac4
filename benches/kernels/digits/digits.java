// The sum of the decimal digits of all numbers below n.
final class Main {
    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long total = 0;
        long i = 0;
        while (i < n) {
            long rest = i;
            while (rest != 0) {
                total = total + rest % 10;
                rest = rest / 10;
            }
            i = i + 1;
        }
        System.out.println(total);
    }
}
