-- The start below `limit` whose Collatz chain is longest, and that chain's length with both ends.
local function main(limit)
  local start, best, best_length = 1, 0, 0
  while start < limit do
    local n, length = start, 1
    while n > 1 do
      if n % 2 ~= 0 then
        n = n * 3 + 1
      else
        n = n // 2
      end
      length = length + 1
    end
    if length > best_length then
      best_length = length
      best = start
    end
    start = start + 1
  end
  print(best)
  print(best_length)
end
main(tonumber(arg[1]))
