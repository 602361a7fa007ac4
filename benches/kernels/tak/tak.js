// Takeuchi's function of 3n, 2n and n: calls and comparisons, and little else.
function tak(x, y, z) {
  if (y >= x) {
    return z;
  }
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}
function main(n) {
  console.log(tak(3 * n, 2 * n, n));
}
main(Number(process.argv[2]));
