// The one-bits of all numbers below n, removed one by one.
function main(n) {
  let total = 0;
  let i = 0;
  while (i < n) {
    let rest = i;
    while (rest !== 0) {
      rest = rest & (rest - 1);
      total = total + 1;
    }
    i = i + 1;
  }
  console.log(total);
}
main(Number(process.argv[2]));
