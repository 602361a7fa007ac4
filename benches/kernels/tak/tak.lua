-- Takeuchi's function of 3n, 2n and n: calls and comparisons, and little else.
local function tak(x, y, z)
  if y >= x then
    return z
  end
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
end
local function main(n)
  print(tak(3 * n, 2 * n, n))
end
main(tonumber(arg[1]))
