// The start below `limit` whose Collatz chain is longest, and that chain's length with both ends.
function main(limit) {
  let best = 0;
  let best_length = 0;
  for (let start = 1; start < limit; start = start + 1) {
    let n = start;
    let length = 1;
    while (n > 1) {
      if (n % 2 !== 0) {
        n = n * 3 + 1;
      } else {
        n = n / 2;
      }
      length = length + 1;
    }
    if (length > best_length) {
      best_length = length;
      best = start;
    }
  }
  console.log(best);
  console.log(best_length);
}
main(Number(process.argv[2]));
