// n steps of the logistic map x -> 3.7 x (1 - x) from 0.5: a chain of float operations, each waiting for the one
// before.
final class Main {
    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        double x = 0.5;
        while (n != 0) {
            x = 3.7 * x * (1.0 - x);
            n = n - 1;
        }
        System.out.println(x);
    }
}
