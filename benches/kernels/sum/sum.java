// Adds up the numbers from n down to 1, and prints the sum: n (n + 1) / 2.
final class Main {
    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long total = 0;
        while (n != 0) {
            total = total + n;
            n = n - 1;
        }
        System.out.println(total);
    }
}
