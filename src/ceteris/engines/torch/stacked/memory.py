"""The memory of a device: what is free there, and what happens where it runs out."""

from collections.abc import Sequence

import torch

from ceteris.formatting.wording import byte_count, count
from ceteris.study.run import Run


def free_memory(device: torch.device) -> int | None:
    """Say how many bytes of a graphics processor are free; None where that is not known."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    # What PyTorch holds in reserve for tensors to come is free too.
    return int(free) + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Say whether an error of PyTorch, on any device, means that memory ran out."""
    text = str(error)
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in text or "can't allocate memory" in text


def free_cache(device: torch.device) -> None:
    """Give back what PyTorch holds in reserve."""
    if device.type in {"cuda", "mps"}:
        getattr(torch, device.type).empty_cache()


def shortage(runs: Sequence[Run], device: torch.device, needed: int | None = None) -> str:
    """Say that runs are too many at once for a device, and how much they need if that was estimated."""
    names = list(dict.fromkeys(run.variation for run in runs))
    others = f" and {count(len(names) - 1, 'other arm', 'other arms')}" if len(names) > 1 else ""
    free = free_memory(device)
    sizes = ""
    if free is not None:
        sizes = f" ({byte_count(free)} are free"
        sizes += ")" if needed is None else f", about {byte_count(needed)} are needed)"
    which = f"{count(len(runs), 'run', 'runs')} of '{names[0]}'{others}"
    return f"{which} at once are too many for the memory of {device}{sizes}."
