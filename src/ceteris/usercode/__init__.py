"""Code of the user's own that a study names: found without running it, kept as text, run from that text alone."""
