"""Two results folders side by side, put into words and tables; what they show is computed in `ceteris.analysis`."""
