// The n-th Fibonacci number by addition, which for 300,000 has two hundred thousand bits, modulo 1,000,000,007.
function main(n) {
  let a = 0n;
  let b = 1n;
  while (n !== 0) {
    const t = a + b;
    a = b;
    b = t;
    n = n - 1;
  }
  console.log(String(a % 1000000007n));
}
main(Number(process.argv[2]));
