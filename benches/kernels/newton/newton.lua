-- The steps of Newton's method for z ** 3 = 1, at most 40 a point, summed over a grid of n times n points around the
-- origin.
local function steps(x, y)
  local k = 0
  while k < 40 do
    local xx = x * x
    local yy = y * y
    local re = x * (xx - 3.0 * yy) - 1.0
    local im = y * (3.0 * xx - yy)
    if re * re + im * im < 1e-12 then
      return k
    end
    local p = 3.0 * (xx - yy)
    local q = 6.0 * x * y
    local d = p * p + q * q
    x = x - (re * p + im * q) / d
    y = y - (im * p - re * q) / d
    k = k + 1
  end
  return k
end
local function main(n)
  local total = 0
  local row = 0
  while row < n do
    local column = 0
    while column < n do
      total = total + steps(column * 4.0 / n - 1.99, row * 4.0 / n - 1.99)
      column = column + 1
    end
    row = row + 1
  end
  print(total)
end
main(tonumber(arg[1]))
