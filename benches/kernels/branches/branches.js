// Nested branches on the bits of pseudo-random numbers, which no processor can predict; n rounds. The product is below
// 2 ** 48, so it fits a double.
function main(n) {
  let x = 42;
  let a = 0;
  let b = 0;
  let c = 0;
  while (n !== 0) {
    x = (x * 69069 + 1) & 0x7fffffff;
    if ((x & 0x1000000) !== 0) {
      if ((x & 0x2000000) !== 0) {
        a = a + 1;
      } else if ((x & 0x4000000) !== 0) {
        b = b + (a % 3);
      } else {
        c = c + 2;
      }
    } else if ((x & 0x8000000) !== 0) {
      if (a < b) {
        a = a + 3;
      } else {
        b = b + 1;
      }
    } else {
      c = c - 1;
    }
    n = n - 1;
  }
  console.log(a);
  console.log(b);
  console.log(c);
}
main(Number(process.argv[2]));
