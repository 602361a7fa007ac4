-- Counts down from n to 0, and prints that 0.
local function main(n)
  while n ~= 0 do
    n = n - 1
  end
  print(n)
end
main(tonumber(arg[1]))
