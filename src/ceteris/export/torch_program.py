"""A network as a PyTorch program, ahead of time: `torch.export`, which replaces TorchScript."""

# n = images of a batch, c = channels, h, w = height, width

import io
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ceteris.export.modules import Piece, network_pieces
from ceteris.inference.ensemble import Ensemble


class Scale(nn.Module):
    """Turns grey levels into what the first layer sees."""

    scale: Tensor
    offset: Tensor

    def __init__(self, ensemble: Ensemble) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(ensemble.scale, dtype=torch.float32).view(-1, 1, 1))
        self.register_buffer("offset", torch.tensor(ensemble.offset, dtype=torch.float32).view(-1, 1, 1))

    def forward(self, images_nchw: Tensor) -> Tensor:
        """Give float32 of the same shape."""
        return images_nchw.float() * self.scale + self.offset


class WithMirrored(nn.Module):
    """A network asked about each image and its mirror image; gives the mean of the class probabilities."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images_nchw: Tensor) -> Tensor:
        """Give the mean of both answers."""
        mean: Tensor = (self.network(images_nchw) + self.network(images_nchw.flip(3))) / 2
        return mean


def answering(network: nn.Module, ensemble: Ensemble) -> nn.Module:
    """Give what answers as the run does: the network, asked about mirror images too where the run does that."""
    return WithMirrored(network).eval() if ensemble.flip else network


def torch_module(ensemble: Ensemble) -> nn.Sequential:
    """Build a network with its weights, from uint8 images (n, c, h, w) as they are to class probabilities."""
    modules: list[nn.Module] = [Scale(ensemble)]
    if ensemble.pretrained is not None:
        from ceteris.export.backbone_model import front_modules  # noqa: PLC0415 - needs torchvision

        modules = front_modules(ensemble, ensemble.pretrained)
    return nn.Sequential(*modules, *(_made(piece) for piece in network_pieces(ensemble))).eval()


class Joined(nn.Module):
    """Branches of modules in order, which see the same input, and what they make of it combined."""

    def __init__(self, branches: Mapping[str, Iterable[nn.Module]], join: Callable[[Mapping[str, Any]], Any]) -> None:
        super().__init__()
        self.join = join
        for name, modules in branches.items():
            self.add_module(name, nn.Sequential(*modules))

    def forward(self, values: Tensor) -> Tensor:
        """Combine what the branches make of it."""
        joined: Tensor = self.join({name: branch(values) for name, branch in self.named_children()})
        return joined


def _made(piece: Piece) -> nn.Module:
    if piece.join is not None:
        return Joined({name: map(_made, branch) for name, branch in piece.branches.items()}, piece.join)
    with torch.device("meta"):  # nothing is drawn, so that PyTorch's global generator is left alone
        module: nn.Module = getattr(nn, piece.module.kind)(*piece.module.arguments, **piece.module.keywords)
    arrays = {name: torch.from_numpy(array.copy()) for name, array in piece.arrays.items()}
    if "running_mean" in arrays:
        arrays["num_batches_tracked"] = torch.tensor(0)
    module.load_state_dict(arrays, assign=True)
    return module


def torch_program(ensemble: Ensemble) -> bytes:
    """Write the content of `model.pt2`, for any number of images."""
    image = ensemble.image
    example = torch.zeros(2, image.channels, image.height, image.width, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch about itself
        program = torch.export.export(
            answering(torch_module(ensemble), ensemble),
            (example,),
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
        )
        buffer = io.BytesIO()
        torch.export.save(program, buffer)
    return buffer.getvalue()
