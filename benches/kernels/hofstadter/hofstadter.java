// The sum of Hofstadter's female sequence up to n: two functions that call each other, and neither in tail position.
final class Main {
    static long female(long n) {
        if (n == 0) {
            return 1;
        }
        return n - male(female(n - 1));
    }

    static long male(long n) {
        if (n == 0) {
            return 0;
        }
        return n - female(male(n - 1));
    }

    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long total = 0;
        long i = 0;
        while (i < n) {
            total = total + female(i);
            i = i + 1;
        }
        System.out.println(total);
    }
}
