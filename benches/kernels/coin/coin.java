// Of n pseudo-random numbers, how many have a certain bit, and the sum of the smaller of each and another: two short branches that
// no processor can predict.
final class Main {
    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long x = 42;
        long y = 7;
        long ones = 0;
        long sum = 0;
        while (n != 0) {
            x = x * 69069 + 1 & 0x7fffffff;
            if ((x & 0x1000000) != 0) {
                ones = ones + 1;
            }
            if (x < y) {
                sum = sum + x;
            } else {
                sum = sum + y;
            }
            y = x * 5 & 0x7fffffff;
            n = n - 1;
        }
        System.out.println(ones);
        System.out.println(sum);
    }
}
