-- The sum of Hofstadter's female sequence up to n: two functions that call each other, and neither in tail position.
local male
local function female(n)
  if n == 0 then
    return 1
  end
  return n - male(female(n - 1))
end
function male(n)
  if n == 0 then
    return 0
  end
  return n - female(male(n - 1))
end
local function main(n)
  local total = 0
  local i = 0
  while i < n do
    total = total + female(i)
    i = i + 1
  end
  print(total)
end
main(tonumber(arg[1]))
