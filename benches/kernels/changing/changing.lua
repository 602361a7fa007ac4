-- A loop whose type changes half-way: what it adds up are ints at first, then halves. It prints the sum.
local function main(n)
  local total = 0
  local step = 1
  local i = 0
  local change = n // 2
  while i < n do
    if i == change then
      step = 0.5
    end
    total = total + step
    i = i + 1
  end
  print(string.format("%.17g", total))
end
main(tonumber(arg[1]))
