-- The sum of n times Ackermann's function of 3 and 6: 172,233 calls each, up to 511 deep.
local function ack(m, n)
  if m == 0 then
    return n + 1
  end
  if n == 0 then
    return ack(m - 1, 1)
  end
  return ack(m - 1, ack(m, n - 1))
end
local function main(n)
  local total = 0
  while n ~= 0 do
    total = total + ack(3, 6)
    n = n - 1
  end
  print(total)
end
main(tonumber(arg[1]))
