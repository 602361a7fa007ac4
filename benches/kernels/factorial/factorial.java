// The factorial of n, which for 36,000 has half a million bits, modulo 1,000,000,007.
import java.math.BigInteger;

final class Main {
    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        BigInteger product = BigInteger.ONE;
        while (n != 0) {
            product = product.multiply(BigInteger.valueOf(n));
            n = n - 1;
        }
        System.out.println(product.mod(BigInteger.valueOf(1000000007)));
    }
}
