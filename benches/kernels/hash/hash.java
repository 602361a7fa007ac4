// The numbers from n down to 1, put one after the other into a hash of 32 bits. The products need up to 59 bits.
final class Main {
    static long mix(long h) {
        h = (h >> 16 ^ h) * 0x45d9f3b & 0xffffffffL;
        h = (h >> 15 ^ h) * 0x2c1b3c6 & 0xffffffffL;
        return h >> 16 ^ h;
    }

    public static void main(String[] args) {
        long n = Long.parseLong(args[0]);
        long h = 0;
        while (n != 0) {
            h = mix(h ^ n);
            n = n - 1;
        }
        System.out.println(h);
    }
}
