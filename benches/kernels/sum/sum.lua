-- Adds up the numbers from n down to 1, and prints the sum: n (n + 1) / 2.
local function main(n)
  local total = 0
  while n ~= 0 do
    total = total + n
    n = n - 1
  end
  print(string.format("%d", total))
end
main(tonumber(arg[1]))
