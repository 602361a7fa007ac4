-- The sum of the decimal digits of all numbers below n. For LuaJIT: numbers are doubles.
local floor = math.floor
local function main(n)
  local total = 0
  local i = 0
  while i < n do
    local rest = i
    while rest ~= 0 do
      total = total + rest % 10
      rest = floor(rest / 10)
    end
    i = i + 1
  end
  print(total)
end
main(tonumber(arg[1]))
