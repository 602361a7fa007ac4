// The sum of b ** (10 ** 9) modulo 1,000,003 for all b below n, by squaring. All products are below 2 ** 40, so they
// fit a double.
function power(b, e, m) {
  let r = 1;
  while (e !== 0) {
    if ((e & 1) !== 0) {
      r = r * b % m;
    }
    b = b * b % m;
    e = e >> 1;
  }
  return r;
}
function main(n) {
  let total = 0;
  let b = 0;
  while (b < n) {
    total = total + power(b, 1000000000, 1000003);
    b = b + 1;
  }
  console.log(total);
}
main(Number(process.argv[2]));
