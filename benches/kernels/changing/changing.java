// A loop whose type changes half-way: what it adds up are ints at first, then halves. It prints the sum. In Java these are two
// loops.
final class Main {
    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long count = 0;
        long i = 0;
        long change = n / 2;
        while (i < change) {
            count = count + 1;
            i = i + 1;
        }
        double total = count;
        while (i < n) {
            total = total + 0.5;
            i = i + 1;
        }
        System.out.println(total);
    }
}
