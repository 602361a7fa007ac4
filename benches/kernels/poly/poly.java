// One function that is given ints and floats in turn; n rounds. Java has two of the same name.
final class Main {
    static long mix(long a, long b) {
        return a * b + b;
    }

    static double mix(double a, double b) {
        return a * b + b;
    }

    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long i = 1;
        double x = 1.0;
        while (n != 0) {
            i = mix(i, 7) % 1000003;
            x = mix(x, 0.5);
            n = n - 1;
        }
        System.out.println(i);
        System.out.println(x);
    }
}
