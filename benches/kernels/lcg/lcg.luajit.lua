-- n steps of the generator x -> (x * 1103515245 + 12345) & 0x7fffffff from 42; prints the last x. For LuaJIT: the product does not
-- fit a double, so these are its ints of 64 bits.
local band = bit.band
local function main(n)
  local x = 42LL
  while n ~= 0 do
    x = band(x * 1103515245LL + 12345LL, 0x7fffffffLL)
    n = n - 1
  end
  print(tonumber(x))
end
main(tonumber(arg[1]))
