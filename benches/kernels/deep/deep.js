// n chains of calls, each 900 deep: a call at the bottom of which everything returns at once.
function down(depth) {
  if (depth === 0) {
    return 0;
  }
  return down(depth - 1) + 1;
}
function main(n) {
  let total = 0;
  while (n !== 0) {
    total = total + down(900);
    n = n - 1;
  }
  console.log(total);
}
main(Number(process.argv[2]));
