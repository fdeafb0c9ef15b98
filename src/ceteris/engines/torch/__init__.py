"""The PyTorch engine: GPUs, any processor, and the reference that the lanes engine is checked against."""

from ceteris.engines.torch.engine import TorchEngine

__all__ = ["TorchEngine"]
