// The sum of the greatest common divisors of all pairs of numbers from 1 to n, by Euclid's algorithm.
function gcd(a, b) {
  while (b !== 0) {
    const r = a % b;
    a = b;
    b = r;
  }
  return a;
}
function main(n) {
  let total = 0;
  let i = 1;
  while (i <= n) {
    let j = 1;
    while (j <= n) {
      total = total + gcd(i, j);
      j = j + 1;
    }
    i = i + 1;
  }
  console.log(total);
}
main(Number(process.argv[2]));
