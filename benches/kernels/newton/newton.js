// The steps of Newton's method for z ** 3 = 1, at most 40 a point, summed over a grid of n times n points around the
// origin.
function steps(x, y) {
  let k = 0;
  while (k < 40) {
    const xx = x * x;
    const yy = y * y;
    const re = x * (xx - 3.0 * yy) - 1.0;
    const im = y * (3.0 * xx - yy);
    if (re * re + im * im < 1e-12) {
      return k;
    }
    const p = 3.0 * (xx - yy);
    const q = 6.0 * x * y;
    const d = p * p + q * q;
    x = x - (re * p + im * q) / d;
    y = y - (im * p - re * q) / d;
    k = k + 1;
  }
  return k;
}
function main(n) {
  let total = 0;
  let row = 0;
  while (row < n) {
    let column = 0;
    while (column < n) {
      total = total + steps(column * 4.0 / n - 1.99, row * 4.0 / n - 1.99);
      column = column + 1;
    }
    row = row + 1;
  }
  console.log(total);
}
main(Number(process.argv[2]));
