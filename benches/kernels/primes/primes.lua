-- How many primes there are below n, by trial division.
local function is_prime(n)
  if n < 4 then
    if n > 1 then
      return 1
    end
    return 0
  end
  if n % 2 == 0 then
    return 0
  end
  local d = 3
  while d * d <= n do
    if n % d == 0 then
      return 0
    end
    d = d + 2
  end
  return 1
end
local function main(limit)
  local count = 0
  local n = 2
  while n < limit do
    if is_prime(n) ~= 0 then
      count = count + 1
    end
    n = n + 1
  end
  print(count)
end
main(tonumber(arg[1]))
