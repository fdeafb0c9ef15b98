"""The PyTorch engine: GPUs, any processor, and the reference that the lanes engine is checked against."""
