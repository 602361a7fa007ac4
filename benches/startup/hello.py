"""Says hello."""
print("Hello, world!")
