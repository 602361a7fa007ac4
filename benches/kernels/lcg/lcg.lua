-- n steps of the generator x -> (x * 1103515245 + 12345) & 0x7fffffff from 42; prints the last x.
local function main(n)
  local x = 42
  while n ~= 0 do
    x = (x * 1103515245 + 12345) & 0x7fffffff
    n = n - 1
  end
  print(x)
end
main(tonumber(arg[1]))
