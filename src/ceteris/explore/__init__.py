"""A page on this machine for looking at trained networks: what they say of an image, and what they look at."""
