-- The numbers from n down to 1, put one after the other into a hash of 32 bits. For LuaJIT: the products, which need up to 59 bits,
-- do not fit a double, so these are its ints of 64 bits.
local band, bxor, rshift = bit.band, bit.bxor, bit.rshift
local function mix(h)
  h = band(bxor(rshift(h, 16), h) * 0x45d9f3bLL, 0xffffffffLL)
  h = band(bxor(rshift(h, 15), h) * 0x2c1b3c6LL, 0xffffffffLL)
  return bxor(rshift(h, 16), h)
end
local function main(n)
  local h = 0LL
  while n ~= 0 do
    h = mix(bxor(h, n))
    n = n - 1
  end
  print(string.format("%d", tonumber(h)))
end
main(tonumber(arg[1]))
