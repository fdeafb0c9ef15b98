"""In which numbers a frozen backbone computes: bfloat16 where a processor multiplies it fast, float32 elsewhere."""

from functools import cache
from pathlib import Path
from typing import Literal

Precision = Literal["bfloat16", "float32"]


def best_precision(device: str) -> Precision:
    """Choose for a device, as `torch.device` names it."""
    if device.partition(":")[0] == "cuda":
        import torch  # noqa: PLC0415 - torch is optional, and slow to load

        return "bfloat16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "float32"
    return "bfloat16" if device == "cpu" and _processor_has_bfloat16() else "float32"


@cache
def _processor_has_bfloat16() -> bool:
    """Whether the processor has instructions for it; where the system does not tell, it counts as without."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    return "amx_bf16" in flags or "avx512_bf16" in flags
