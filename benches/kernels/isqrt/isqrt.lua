-- The sum of the integer square roots of all numbers below n, by Newton's method with ints.
local function isqrt(n)
  local x = n
  local y = (x + 1) // 2
  while y < x do
    x = y
    y = (x + n // x) // 2
  end
  return x
end
local function main(n)
  local total = 0
  local i = 1
  while i < n do
    total = total + isqrt(i)
    i = i + 1
  end
  print(total)
end
main(tonumber(arg[1]))
