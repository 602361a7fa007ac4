-- n terms of Leibniz's series for pi, 4 - 4/3 + 4/5 - ..., one after the other.
local function main(n)
  local total = 0.0
  local term = 4.0
  local odd = 1.0
  while n ~= 0 do
    total = total + term / odd
    term = -term
    odd = odd + 2.0
    n = n - 1
  end
  print(string.format("%.17g", total))
end
main(tonumber(arg[1]))
