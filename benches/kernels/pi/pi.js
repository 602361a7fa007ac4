// n terms of Leibniz's series for pi, 4 - 4/3 + 4/5 - ..., one after the other.
function main(n) {
  let total = 0.0;
  let term = 4.0;
  let odd = 1.0;
  while (n !== 0) {
    total = total + term / odd;
    term = -term;
    odd = odd + 2.0;
    n = n - 1;
  }
  console.log(total);
}
main(Number(process.argv[2]));
