// The sum of Hofstadter's female sequence up to n: two functions that call each other, and neither in tail position.
function female(n) {
  if (n === 0) {
    return 1;
  }
  return n - male(female(n - 1));
}
function male(n) {
  if (n === 0) {
    return 0;
  }
  return n - female(male(n - 1));
}
function main(n) {
  let total = 0;
  let i = 0;
  while (i < n) {
    total = total + female(i);
    i = i + 1;
  }
  console.log(total);
}
main(Number(process.argv[2]));
