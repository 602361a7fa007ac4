-- n steps of the logistic map x -> 3.7 x (1 - x) from 0.5: a chain of float operations, each waiting for the one
-- before.
local function main(n)
  local x = 0.5
  while n ~= 0 do
    x = 3.7 * x * (1.0 - x)
    n = n - 1
  end
  print(string.format("%.17g", x))
end
main(tonumber(arg[1]))
