// n steps of the logistic map x -> 3.7 x (1 - x) from 0.5: a chain of float operations, each waiting for the one
// before.
function main(n) {
  let x = 0.5;
  while (n !== 0) {
    x = 3.7 * x * (1.0 - x);
    n = n - 1;
  }
  console.log(x);
}
main(Number(process.argv[2]));
