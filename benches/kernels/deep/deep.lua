-- n chains of calls, each 900 deep: a call at the bottom of which everything returns at once.
local function down(depth)
  if depth == 0 then
    return 0
  end
  return down(depth - 1) + 1
end
local function main(n)
  local total = 0
  while n ~= 0 do
    total = total + down(900)
    n = n - 1
  end
  print(total)
end
main(tonumber(arg[1]))
