// Adds up i * j % 7 for all i and j below n, and prints the sum.
function main(n) {
  let total = 0;
  for (let i = 0; i < n; i = i + 1) {
    for (let j = 0; j < n; j = j + 1) {
      total = total + ((i * j) % 7);
    }
  }
  console.log(total);
}
main(Number(process.argv[2]));
