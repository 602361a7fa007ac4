-- The numbers from n down to 1, put one after the other into a hash of 32 bits. The products need up to 59 bits.
local function mix(h)
  h = (((h >> 16) ~ h) * 0x45d9f3b) & 0xffffffff
  h = (((h >> 15) ~ h) * 0x2c1b3c6) & 0xffffffff
  return (h >> 16) ~ h
end
local function main(n)
  local h = 0
  while n ~= 0 do
    h = mix(h ~ n)
    n = n - 1
  end
  print(h)
end
main(tonumber(arg[1]))
