// The sum of the decimal digits of all numbers below n.
function main(n) {
  let total = 0;
  let i = 0;
  while (i < n) {
    let rest = i;
    while (rest !== 0) {
      total = total + (rest % 10);
      rest = (rest / 10) | 0;
    }
    i = i + 1;
  }
  console.log(total);
}
main(Number(process.argv[2]));
