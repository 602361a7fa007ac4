# The code cache has no room even for what all code shares.
# options: --optimizing-threshold 50 --code-cache 100
# reason: cache_too_small
# hint: --code-cache
# tier: interpreter
i = 0
while i < 400:
    i = i + 1
print(i)
