"""Transfer learning: pretrained backbones, frozen with their features kept, or trained further."""

from ceteris.engines.transfer.engine import TransferEngine
from ceteris.engines.transfer.finetuning_engine import FineTuningEngine

__all__ = ["FineTuningEngine", "TransferEngine"]
