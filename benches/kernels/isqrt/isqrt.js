// The sum of the integer square roots of all numbers below n, by Newton's method with ints.
function isqrt(n) {
  let x = n;
  let y = ((x + 1) / 2) | 0;
  while (y < x) {
    x = y;
    y = ((x + ((n / x) | 0)) / 2) | 0;
  }
  return x;
}
function main(n) {
  let total = 0;
  let i = 1;
  while (i < n) {
    total = total + isqrt(i);
    i = i + 1;
  }
  console.log(total);
}
main(Number(process.argv[2]));
