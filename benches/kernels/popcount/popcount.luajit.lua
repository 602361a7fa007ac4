-- The one-bits of all numbers below n, removed one by one. For LuaJIT: numbers are doubles.
local band = bit.band
local function main(n)
  local total = 0
  local i = 0
  while i < n do
    local rest = i
    while rest ~= 0 do
      rest = band(rest, rest - 1)
      total = total + 1
    end
    i = i + 1
  end
  print(total)
end
main(tonumber(arg[1]))
