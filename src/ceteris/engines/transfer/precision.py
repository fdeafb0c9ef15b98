"""In which numbers a frozen backbone computes: bfloat16 where a processor multiplies it fast, float32 elsewhere."""

import re
from importlib import metadata
from typing import Literal

from ceteris.resources import processor_fact

Precision = Literal["bfloat16", "float32"]


def head_arithmetic(precision: Precision, kind: str) -> str:
    """Say in which numbers a head is trained, and of which its features are; `kind` is that of the device."""
    return f"float32 on {precision} features of {kind}, PyTorch {metadata.version('torch')}"


def features_of(arithmetic: str) -> tuple[Precision, str]:
    """Read from a record in which numbers, and on which kind of device, the features of a run were computed.

    Example:
        >>> features_of("float32 on bfloat16 features of cpu, PyTorch 2.10.0")
        ('bfloat16', 'cpu')
    """
    found = re.match(r"float32 on (bfloat16|float32) features of (\w+),", arithmetic)
    assert found is not None, "a head was trained on features"
    return "bfloat16" if found[1] == "bfloat16" else "float32", found[2]


def best_precision(device: str) -> Precision:
    """Choose for a device, as `torch.device` names it."""
    if device.partition(":")[0] == "cuda":
        import torch  # noqa: PLC0415 - torch is optional, and slow to load

        return "bfloat16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "float32"
    return "bfloat16" if device == "cpu" and _processor_has_bfloat16() else "float32"


def _processor_has_bfloat16() -> bool:
    """Whether the processor has instructions for it; where the system does not tell, it counts as without."""
    return not {"amx_bf16", "avx512_bf16"}.isdisjoint(processor_fact("flags").split())
