-- How many points of a grid of n times n over [-2, 1) x [-1.5, 1.5) are still inside after 50 rounds.
local function main(n)
  local inside = 0
  local y = 0
  while y < n do
    local cy = y * 3.0 / n - 1.5
    local x = 0
    while x < n do
      local cx = x * 3.0 / n - 2.0
      local zx, zy, k = 0.0, 0.0, 0
      while k < 50 do
        if zx * zx + zy * zy > 4.0 then
          goto escaped
        end
        local t = zx * zx - zy * zy + cx
        zy = 2.0 * zx * zy + cy
        zx = t
        k = k + 1
      end
      inside = inside + 1
      ::escaped::
      x = x + 1
    end
    y = y + 1
  end
  print(inside)
end
main(tonumber(arg[1]))
