// The n-th Fibonacci number by addition, which for 300,000 has two hundred thousand bits, modulo 1,000,000,007.
import java.math.BigInteger;

final class Main {
    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        BigInteger a = BigInteger.ZERO;
        BigInteger b = BigInteger.ONE;
        while (n != 0) {
            BigInteger t = a.add(b);
            a = b;
            b = t;
            n = n - 1;
        }
        System.out.println(a.mod(BigInteger.valueOf(1000000007)));
    }
}
