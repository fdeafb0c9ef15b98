"""Transfer learning: pretrained backbones, frozen with their features kept, or trained further."""

from ceteris.engines.transfer.engine import FineTuningEngine, TransferEngine

__all__ = ["FineTuningEngine", "TransferEngine"]
