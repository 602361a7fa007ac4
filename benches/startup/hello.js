// Says hello.
console.log("Hello, world!");
