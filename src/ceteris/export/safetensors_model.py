"""A network as bare weights, and a short Python file that loads them with PyTorch and nothing of ours."""

import numpy as np

from ceteris.export.pieces import network_pieces
from ceteris.prediction.ensemble import Ensemble
from ceteris.runs.arrays import encode_weights

WEIGHTS, LOADER = "model.safetensors", "model.py"

_TEMPLATE = '''\
"""Loads an image classifier: `load()` gives a torch.nn.Module. See README.md for what it is and how well it does.

It takes uint8 images, shape (batch, {channels}, {height}, {width}), and gives probabilities, shape (batch, {classes}).
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

CLASSES = {names!r}


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.ones({channels}, 1, 1))
        self.register_buffer("offset", torch.zeros({channels}, 1, 1))

    def forward(self, images):
        return images.float() * self.scale + self.offset


def load(weights=Path(__file__).with_name("{weights}")):
    network = nn.Sequential(
        Scale(),
{modules}
    )
    network.load_state_dict(load_file(weights))
    return network.eval()
'''


def safetensors_weights(ensemble: Ensemble) -> bytes:
    """Write the content of `model.safetensors`, under the names that `model.py` gives the parameters.

    Args:
        ensemble: With a single seed.
    """
    arrays = {
        "0.scale": np.asarray(ensemble.scale, np.float32).reshape(-1, 1, 1),
        "0.offset": np.asarray(ensemble.offset, np.float32).reshape(-1, 1, 1),
    }
    for place, piece in enumerate(network_pieces(ensemble), start=1):
        arrays |= {f"{place}.{name}": array for name, array in piece.arrays.items()}
    return encode_weights(arrays)


def safetensors_loader(ensemble: Ensemble) -> bytes:
    """Write the content of `model.py`.

    Args:
        ensemble: With a single seed.
    """
    text = _TEMPLATE.format(
        channels=ensemble.image.channels,
        height=ensemble.image.height,
        width=ensemble.image.width,
        classes=len(ensemble.class_names),
        names=ensemble.class_names,
        weights=WEIGHTS,
        modules="\n".join(f"        {piece}," for piece in network_pieces(ensemble)),
    )
    return text.encode()
