"""One way to write a list, a value, and the nearest right word."""
