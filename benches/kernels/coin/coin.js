// Of n pseudo-random numbers, how many have a certain bit, and the sum of the smaller of each and another: two short branches that
// no processor can predict. The products are below 2 ** 48, so they fit a double.
function main(n) {
  let x = 42;
  let y = 7;
  let ones = 0;
  let sum = 0;
  while (n !== 0) {
    x = (x * 69069 + 1) & 0x7fffffff;
    if ((x & 0x1000000) !== 0) {
      ones = ones + 1;
    }
    if (x < y) {
      sum = sum + x;
    } else {
      sum = sum + y;
    }
    y = (x * 5) & 0x7fffffff;
    n = n - 1;
  }
  console.log(ones);
  console.log(sum);
}
main(Number(process.argv[2]));
