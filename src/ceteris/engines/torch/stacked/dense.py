"""Dense layers of many runs at once."""

# b stands for images, r for runs, n for inputs, o for neurons

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ceteris.engines.torch.stacked.form import Arrays, Form


def dense_forms(module: nn.Module) -> Mapping[str, Form]:
    """Give `products`: one product of matrices for each run, all in one call."""
    del module
    return {"products": _products}


def _products(values: Tensor, arrays: Arrays, *, training: bool) -> Tensor:
    del training
    weight_rno = arrays["weight"].transpose(1, 2)
    return torch.baddbmm(arrays["bias"][:, None], values.transpose(0, 1), weight_rno).transpose(0, 1)
