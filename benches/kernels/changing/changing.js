// A loop whose type changes half-way: what it adds up are ints at first, then halves. It prints the sum.
function main(n) {
  let total = 0;
  let step = 1;
  let i = 0;
  const change = Math.floor(n / 2);
  while (i < n) {
    if (i === change) {
      step = 0.5;
    }
    total = total + step;
    i = i + 1;
  }
  console.log(total);
}
main(Number(process.argv[2]));
