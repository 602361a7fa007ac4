// The factorial of n, which for 36,000 has half a million bits, modulo 1,000,000,007.
function main(n) {
  let product = 1n;
  while (n !== 0n) {
    product = product * n;
    n = n - 1n;
  }
  console.log(String(product % 1000000007n));
}
main(BigInt(process.argv[2]));
