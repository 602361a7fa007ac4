// Counts down from n to 0, and prints that 0.
function main(n) {
  while (n !== 0) {
    n = n - 1;
  }
  console.log(n);
}
main(Number(process.argv[2]));
