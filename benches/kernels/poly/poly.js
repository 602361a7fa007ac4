// One function that is given ints and floats in turn; n rounds.
function mix(a, b) {
  return a * b + b;
}
function main(n) {
  let i = 1;
  let x = 1.0;
  while (n !== 0) {
    i = mix(i, 7) % 1000003;
    x = mix(x, 0.5);
    n = n - 1;
  }
  console.log(i);
  console.log(x);
}
main(Number(process.argv[2]));
