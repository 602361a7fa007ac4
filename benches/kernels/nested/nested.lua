-- Adds up i * j % 7 for all i and j below n, and prints the sum.
local function main(n)
  local total = 0
  local i = 0
  while i < n do
    local j = 0
    while j < n do
      total = total + i * j % 7
      j = j + 1
    end
    i = i + 1
  end
  print(total)
end
main(tonumber(arg[1]))
