// n terms of Leibniz's series for pi, 4 - 4/3 + 4/5 - ..., one after the other.
final class Main {
    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        double total = 0.0;
        double term = 4.0;
        double odd = 1.0;
        while (n != 0) {
            total = total + term / odd;
            term = -term;
            odd = odd + 2.0;
            n = n - 1;
        }
        System.out.println(total);
    }
}
