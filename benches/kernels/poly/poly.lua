-- One function that is given ints and floats in turn; n rounds.
local function mix(a, b)
  return a * b + b
end
local function main(n)
  local i = 1
  local x = 1.0
  while n ~= 0 do
    i = mix(i, 7) % 1000003
    x = mix(x, 0.5)
    n = n - 1
  end
  print(string.format("%.17g", i))
  print(string.format("%.17g", x))
end
main(tonumber(arg[1]))
