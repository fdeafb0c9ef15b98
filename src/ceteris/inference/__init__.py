"""What trained networks, read from a results folder, say of other images."""
