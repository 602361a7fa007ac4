-- n steps of the Lorenz system by Euler's method: three floats that depend on each other.
local function main(n)
  local x = 1.0
  local y = 1.0
  local z = 1.0
  local dt = 0.005
  while n ~= 0 do
    local dx = 10.0 * (y - x)
    local dy = x * (28.0 - z) - y
    local dz = x * y - 2.5 * z
    x = x + dx * dt
    y = y + dy * dt
    z = z + dz * dt
    n = n - 1
  end
  print(string.format("%.17g", x + y + z))
end
main(tonumber(arg[1]))
