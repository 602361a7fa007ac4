# A larger one is allowed.
# options: --optimizing-threshold 50 --code-cache 1M
# not: cache_too_small
# tier: optimizing
i = 0
while i < 400:
    i = i + 1
print(i)
