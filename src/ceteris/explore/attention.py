"""Where a network looked: Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391), computed by Captum."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ceteris.export.pieces import network_pieces
from ceteris.networks.convolution import Convolution
from ceteris.networks.layer import Values
from ceteris.networks.network import Network
from ceteris.prediction.ensemble import Ensemble


@dataclass(frozen=True, kw_only=True, eq=False)
class Attention:
    """How much each place of an image spoke for a class.

    Attributes:
        share: From 0 to 1, the largest is 1; all 0 where nothing spoke for it. Shape (height, width).
        layer: What was asked, for example `layer 3 (conv 16, kernel 3, relu)`.
    """

    share: Values
    layer: str


def grad_cam(ensemble: Ensemble, image: NDArray[np.uint8], label: int) -> Attention | str:
    """Say which places of an image spoke for a class, at the last convolution of a network.

    The maps of that layer, after its activation, are weighted by the mean gradient of the class's logit, summed, and
    cut off below zero. It shows places that raise the logit at the layer's resolution, not why.

    Args:
        ensemble: With a single seed.
        image: Shape (height, width, channels).
        label: The class.

    Returns:
        The places, or in a sentence why there are none.
    """
    network = ensemble.network
    if not isinstance(network, Network):
        return f"Grad-CAM is not drawn for networks on a pretrained {network.backbone}."
    try:
        import torch  # noqa: PLC0415 - an extra
        from captum.attr import LayerAttribution, LayerGradCam  # noqa: PLC0415 - an extra
    except ImportError as error:
        package = (error.name or "captum").partition(".")[0]
        return f"Grad-CAM needs {package}, which is not installed: `pip install torch captum`."
    from ceteris.export.torch_program import torch_module  # noqa: PLC0415 - needs torch

    pieces = network_pieces(ensemble)
    convolutions = [place for place, piece in enumerate(pieces) if piece.module.kind == "Conv2d"]
    if not convolutions:
        return "Grad-CAM needs a convolution, and this network has none."
    place = convolutions[-1]
    is_activated = pieces[place + 1].module.kind in {"ReLU", "LeakyReLU", "Tanh"}
    module = torch_module(ensemble)[:-1]  # without the softmax, whose gradient vanishes where the network is sure
    asked = module[place + 1 + is_activated]  # the scaling comes before the pieces
    number, last = [entry for entry in enumerate(network.layers, start=1) if isinstance(entry[1], Convolution)][-1]
    layer = f"layer {number} ({last})"
    shown = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))[None])
    found = LayerGradCam(module, asked).attribute(shown, target=label, relu_attributions=True)
    grown = LayerAttribution.interpolate(found, image.shape[:2], interpolate_mode="bilinear")
    share: Values = grown.detach().numpy()[0, 0]
    largest = float(share.max())
    return Attention(share=share / largest if largest > 0 else np.zeros_like(share), layer=layer)
