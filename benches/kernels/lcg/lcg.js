// n steps of the generator x -> (x * 1103515245 + 12345) & 0x7fffffff from 42; prints the last x. The product does not fit a
// double; `Math.imul` gives its low 32 bits, which are all that the mask keeps.
function main(n) {
  let x = 42;
  while (n !== 0) {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    n = n - 1;
  }
  console.log(x);
}
main(Number(process.argv[2]));
