-- Of n pseudo-random numbers, how many have a certain bit, and the sum of the smaller of each and another: two short branches that
-- no processor can predict. For LuaJIT: numbers are doubles.
local band = bit.band
local function main(n)
  local x = 42
  local y = 7
  local ones = 0
  local sum = 0
  while n ~= 0 do
    x = band(x * 69069 + 1, 0x7fffffff)
    if band(x, 0x1000000) ~= 0 then
      ones = ones + 1
    end
    if x < y then
      sum = sum + x
    else
      sum = sum + y
    end
    y = band(x * 5, 0x7fffffff)
    n = n - 1
  end
  print(ones)
  print(string.format("%.0f", sum))
end
main(tonumber(arg[1]))
