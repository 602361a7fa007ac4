// The numbers from n down to 1, put one after the other into a hash of 32 bits. The products need up to 59 bits; `Math.imul` gives
// their low 32, which are all that is kept.
function mix(h) {
  h = Math.imul((h >>> 16) ^ h, 0x45d9f3b);
  h = Math.imul((h >>> 15) ^ h, 0x2c1b3c6);
  return (h >>> 16) ^ h;
}
function main(n) {
  let h = 0;
  while (n !== 0) {
    h = mix(h ^ n);
    n = n - 1;
  }
  console.log(h >>> 0);
}
main(Number(process.argv[2]));
