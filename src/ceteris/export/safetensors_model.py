"""A network as bare weights, and a short Python file that loads them with PyTorch and nothing of ours."""

import numpy as np

from ceteris.export.modules import network_pieces
from ceteris.inference.ensemble import Ensemble
from ceteris.networks.backbone import Backbone
from ceteris.results.record import encode_weights

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


{definitions}def load(weights=Path(__file__).with_name("{weights}")):
    network = nn.Sequential(
        Scale(),
{modules}
    )
    network.load_state_dict(load_file(weights))
    return {answer}.eval()
'''


_BACKBONE_TEMPLATE = '''\
"""Loads an image classifier: `load()` gives a torch.nn.Module. See README.md for what it is and how well it does.

It takes uint8 images, shape (batch, {channels}, {height}, {width}), and gives probabilities, shape (batch, {classes}).
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torchvision import models

CLASSES = {names!r}


class Prepare(nn.Module):  # resizes as torchvision does, and normalises
    def __init__(self):
        super().__init__()
        self.register_buffer("across", torch.zeros({width}, {resolution}))
        self.register_buffer("down", torch.zeros({resolution}, {height}))
        self.register_buffer("mean", torch.zeros(3, 1, 1))
        self.register_buffer("deviation", torch.ones(3, 1, 1))

    def forward(self, images):
        images = (images.float() @ self.across + 0.5).floor().clamp(0, 255)
        images = (self.down @ images + 0.5).floor().clamp(0, 255)
        return (images - self.mean) / self.deviation


{definitions}def load(weights=Path(__file__).with_name("{weights}")):
    network = nn.Sequential(
        Prepare(),
        {backbone},
        nn.AdaptiveAvgPool2d(1),
{modules}
    )
    network.load_state_dict(load_file(weights))
    return {answer}.eval()
'''

_WITH_MIRRORED = """\
class WithMirrored(nn.Module):  # the mean over an image and its mirror image
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        return (self.network(images) + self.network(images.flip(3))) / 2
"""

FACTORIES = {
    Backbone.MOBILENET_V2: "models.mobilenet_v2().features",
    Backbone.RESNET18: "nn.Sequential(*list(models.resnet18().children())[:-2])",
    Backbone.EFFICIENTNET_B0: "models.efficientnet_b0().features",
}
"""How torchvision makes each backbone without its classifier."""


def safetensors_weights(ensemble: Ensemble) -> bytes:
    """Write the content of `model.safetensors`, under the names that `model.py` gives the parameters."""
    if ensemble.pretrained is not None:
        from ceteris.export.torch_program import torch_module  # noqa: PLC0415 - needs torch

        # How many minibatches batch norm has seen decides nothing, and is no float32.
        state = torch_module(ensemble).state_dict().items()
        return encode_weights({name: one.numpy() for name, one in state if not name.endswith("num_batches_tracked")})
    arrays = {
        "0.scale": np.asarray(ensemble.scale, np.float32).reshape(-1, 1, 1),
        "0.offset": np.asarray(ensemble.offset, np.float32).reshape(-1, 1, 1),
    }
    for place, piece in enumerate(network_pieces(ensemble), start=1):
        arrays |= piece.named(str(place))
    return encode_weights(arrays)


def safetensors_loader(ensemble: Ensemble) -> bytes:
    """Write the content of `model.py`."""
    template, factory, pretrained = _TEMPLATE, "", ensemble.pretrained
    if pretrained is not None:
        template, factory = _BACKBONE_TEMPLATE, FACTORIES[pretrained.network.backbone]
    pieces = network_pieces(ensemble)
    definitions = sorted(frozenset().union(*(piece.definitions for piece in pieces)))
    if ensemble.flip:
        definitions.append(_WITH_MIRRORED)
    text = template.format(
        definitions="".join(f"{definition}\n\n" for definition in definitions),
        resolution=0 if pretrained is None else pretrained.network.resolution,
        backbone=factory,
        channels=ensemble.image.channels,
        height=ensemble.image.height,
        width=ensemble.image.width,
        classes=len(ensemble.class_names),
        names=ensemble.class_names,
        weights=WEIGHTS,
        answer="WithMirrored(network)" if ensemble.flip else "network",
        modules="".join(piece.source(" " * 8) for piece in pieces).rstrip("\n"),
    )
    return text.encode()
