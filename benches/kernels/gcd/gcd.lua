-- The sum of the greatest common divisors of all pairs of numbers from 1 to n, by Euclid's algorithm.
local function gcd(a, b)
  while b ~= 0 do
    local r = a % b
    a = b
    b = r
  end
  return a
end
local function main(n)
  local total = 0
  local i = 1
  while i <= n do
    local j = 1
    while j <= n do
      total = total + gcd(i, j)
      j = j + 1
    end
    i = i + 1
  end
  print(total)
end
main(tonumber(arg[1]))
