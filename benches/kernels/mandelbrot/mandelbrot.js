// How many points of a grid of n times n over [-2, 1) x [-1.5, 1.5) are still inside after 50 rounds.
function main(n) {
  let inside = 0;
  for (let y = 0; y < n; y = y + 1) {
    const cy = (y * 3.0) / n - 1.5;
    for (let x = 0; x < n; x = x + 1) {
      const cx = (x * 3.0) / n - 2.0;
      let zx = 0.0;
      let zy = 0.0;
      let k = 0;
      while (k < 50) {
        if (zx * zx + zy * zy > 4.0) {
          break;
        }
        const t = zx * zx - zy * zy + cx;
        zy = 2.0 * zx * zy + cy;
        zx = t;
        k = k + 1;
      }
      if (k === 50) {
        inside = inside + 1;
      }
    }
  }
  console.log(inside);
}
main(Number(process.argv[2]));
