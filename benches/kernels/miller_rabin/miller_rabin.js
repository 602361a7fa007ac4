// How many primes there are among the odd numbers from 5 below n, which is at most 1,373,653, by the test of Miller
// and Rabin with the bases 2 and 3. All products are below 2 ** 42, so they fit a double.
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
function passes(n, base) {
  let d = n - 1;
  let s = 0;
  while ((d & 1) === 0) {
    d = d >> 1;
    s = s + 1;
  }
  let x = power(base, d, n);
  if (x === 1) {
    return 1;
  }
  while (s !== 0) {
    if (x === n - 1) {
      return 1;
    }
    x = x * x % n;
    s = s - 1;
  }
  return 0;
}
function main(limit) {
  let count = 0;
  let n = 5;
  while (n < limit) {
    if (passes(n, 2) !== 0) {
      count = count + passes(n, 3);
    }
    n = n + 2;
  }
  console.log(count);
}
main(Number(process.argv[2]));
