-- The sum of b ** (10 ** 9) modulo 1,000,003 for all b below n, by squaring. For LuaJIT: numbers are doubles.
local band = bit.band
local rshift = bit.rshift
local function power(b, e, m)
  local r = 1
  while e ~= 0 do
    if band(e, 1) ~= 0 then
      r = r * b % m
    end
    b = b * b % m
    e = rshift(e, 1)
  end
  return r
end
local function main(n)
  local total = 0
  local b = 0
  while b < n do
    total = total + power(b, 1000000000, 1000003)
    b = b + 1
  end
  print(total)
end
main(tonumber(arg[1]))
