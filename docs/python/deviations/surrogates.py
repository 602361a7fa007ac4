# What: strs have no surrogates.
# Why: strs are UTF-8, in which surrogates cannot be written.
# Instead: use the character itself: chr(0x1f600).
# CPython: 1
# Here: ValueError: surrogates are not supported
print(len(chr(0xD800)))
