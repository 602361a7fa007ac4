// Adds up the numbers from n down to 1, and prints the sum: n (n + 1) / 2. (Exact up to 2**53.)
function main(n) {
  let total = 0;
  while (n !== 0) {
    total = total + n;
    n = n - 1;
  }
  console.log(total);
}
main(Number(process.argv[2]));
