-- How many primes there are among the odd numbers from 5 below n, which is at most 1,373,653, by the test of Miller
-- and Rabin with the bases 2 and 3.
local function power(b, e, m)
  local r = 1
  while e ~= 0 do
    if e & 1 ~= 0 then
      r = r * b % m
    end
    b = b * b % m
    e = e >> 1
  end
  return r
end
local function passes(n, base)
  local d = n - 1
  local s = 0
  while d & 1 == 0 do
    d = d >> 1
    s = s + 1
  end
  local x = power(base, d, n)
  if x == 1 then
    return 1
  end
  while s ~= 0 do
    if x == n - 1 then
      return 1
    end
    x = x * x % n
    s = s - 1
  end
  return 0
end
local function main(limit)
  local count = 0
  local n = 5
  while n < limit do
    if passes(n, 2) ~= 0 then
      count = count + passes(n, 3)
    end
    n = n + 2
  end
  print(count)
end
main(tonumber(arg[1]))
