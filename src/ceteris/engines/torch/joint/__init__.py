"""Runs that take every step together, whatever their networks are: heads on kept features, and layers in stacks."""
