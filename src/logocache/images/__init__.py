"""The images box: bytes from outside become PNGs of our own, in processes that may die of it."""
