// n steps of the Lorenz system by Euler's method: three floats that depend on each other.
function main(n) {
  let x = 1.0;
  let y = 1.0;
  let z = 1.0;
  const dt = 0.005;
  while (n !== 0) {
    const dx = 10.0 * (y - x);
    const dy = x * (28.0 - z) - y;
    const dz = x * y - 2.5 * z;
    x = x + dx * dt;
    y = y + dy * dt;
    z = z + dz * dt;
    n = n - 1;
  }
  console.log(x + y + z);
}
main(Number(process.argv[2]));
