// How many primes there are below n, by trial division.
function is_prime(n) {
  if (n < 4) {
    if (n > 1) {
      return 1;
    }
    return 0;
  }
  if (n % 2 === 0) {
    return 0;
  }
  let d = 3;
  while (d * d <= n) {
    if (n % d === 0) {
      return 0;
    }
    d = d + 2;
  }
  return 1;
}
function main(limit) {
  let count = 0;
  let n = 2;
  while (n < limit) {
    if (is_prime(n) !== 0) {
      count = count + 1;
    }
    n = n + 1;
  }
  console.log(count);
}
main(Number(process.argv[2]));
