"""Sums over the images of an epoch for many runs, as exact on a device without float64 as on one with it."""

# r stands for runs

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class LossSums:
    """Sums of losses. Where a device has no float64, what each addition rounds off is summed beside (Knuth's two-sum).

    Method: Ogita, Rump and Oishi 2005, doi:10.1137/030601818.
    """

    def __init__(self, sums: NDArray[np.float64], device: torch.device, *, has_float64: bool) -> None:
        high = sums if has_float64 else sums.astype(np.float32)
        self._high = torch.from_numpy(high.copy()).to(device)
        self._low = None if has_float64 else torch.from_numpy((sums - high).astype(np.float32)).to(device)

    def add(self, losses: Tensor) -> None:
        """Add one number for each run, in place, so that a GPU need not wait. Shape (r,)."""
        losses = losses.to(self._high.dtype)
        if self._low is None:
            self._high += losses
            return
        total = self._high + losses
        part = total - self._high
        self._low += (self._high - (total - part)) + (losses - part)
        self._high = total

    def values(self) -> NDArray[np.float64]:
        """Read the sums. Shape (r,), float64."""
        high = self._high.cpu().numpy().astype(np.float64)
        if self._low is None:
            return high
        low = self._low.cpu().numpy().astype(np.float64)
        return np.where(np.isfinite(high), high + low, high)
