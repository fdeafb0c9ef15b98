"""Runs of one shape trained at once by PyTorch: parameters with a leading dimension for the run, one step for all."""
