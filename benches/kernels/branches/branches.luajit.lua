-- Nested branches on the bits of pseudo-random numbers, which no processor can predict; n rounds. For LuaJIT: numbers
-- are doubles.
local band = bit.band
local function main(n)
  local x = 42
  local a = 0
  local b = 0
  local c = 0
  while n ~= 0 do
    x = band(x * 69069 + 1, 0x7fffffff)
    if band(x, 0x1000000) ~= 0 then
      if band(x, 0x2000000) ~= 0 then
        a = a + 1
      elseif band(x, 0x4000000) ~= 0 then
        b = b + a % 3
      else
        c = c + 2
      end
    elseif band(x, 0x8000000) ~= 0 then
      if a < b then
        a = a + 3
      else
        b = b + 1
      end
    else
      c = c - 1
    end
    n = n - 1
  end
  print(a)
  print(b)
  print(c)
end
main(tonumber(arg[1]))
