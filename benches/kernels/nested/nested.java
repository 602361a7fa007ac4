// Adds up i * j % 7 for all i and j below n, and prints the sum.
final class Main {
    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long total = 0;
        for (long i = 0; i < n; i++) {
            for (long j = 0; j < n; j++) {
                total = total + i * j % 7;
            }
        }
        System.out.println(total);
    }
}
