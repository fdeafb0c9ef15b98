"""Where a network looked: Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391), computed by Captum."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ceteris.export.modules import Piece, network_pieces
from ceteris.inference.ensemble import Ensemble
from ceteris.networks.backbone import block_names
from ceteris.networks.layer import Values
from ceteris.networks.network import Network
from ceteris.networks.placed import placed_layers


@dataclass(frozen=True, kw_only=True, eq=False)
class Attention:
    """How much each place of an image spoke for a class.

    Attributes:
        share: From 0 to 1, the largest is 1; all 0 where nothing spoke for it. Shape (height, width).
        layer: What was asked, for example `layer 3 (conv 16, kernel 3, relu), its last convolution`; of a pretrained
            backbone `features.18, its last block`.
        grid: How many places the layer tells apart, before they are enlarged to the image: height and width.
    """

    share: Values
    layer: str
    grid: tuple[int, int]


def grad_cam(ensemble: Ensemble, image: NDArray[np.uint8], label: int) -> Attention | str:
    """Say which places of an image, shape (height, width, channels), spoke for a class, at the last convolution.

    Of a residual network its last block with one is asked, after the addition; of a pretrained backbone its last block,
    whose output the head sees averaged over the image. The maps of that layer, after its activation, are weighted by
    the mean gradient of the class's logit, summed, and cut off below zero. It shows places that raise the logit at the
    layer's resolution, not why. The network sees the image as it is, also where its answers are averaged with those on
    the mirror image. The ensemble has a single seed.

    Returns:
        The places, or in a sentence why there are none.
    """
    try:
        import torch  # noqa: PLC0415 - an extra
        from captum.attr import LayerAttribution, LayerGradCam  # noqa: PLC0415 - an extra
    except ImportError as error:
        package = (error.name or "captum").partition(".")[0]
        return f"Grad-CAM needs {package}, which is not installed: `pip install torch captum`."
    from ceteris.export.torch_program import torch_module  # noqa: PLC0415 - needs torch

    place = _last_maps(ensemble)
    if place is None:
        return "Grad-CAM needs a convolution, and this network has none."
    index, layer = place
    # Without the softmax, whose gradient vanishes where the network is sure; a frozen backbone lets none through.
    module = torch_module(ensemble)[:-1].requires_grad_()
    shown = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))[None])
    found = LayerGradCam(module, module[index]).attribute(shown, target=label, relu_attributions=True)
    grown = LayerAttribution.interpolate(found, image.shape[:2], interpolate_mode="bilinear")
    share: Values = grown.detach().numpy()[0, 0]
    largest = float(share.max())
    return Attention(
        share=share / largest if largest > 0 else np.zeros_like(share),
        layer=layer,
        grid=(found.shape[2], found.shape[3]),
    )


def _last_maps(ensemble: Ensemble) -> tuple[int, str] | None:
    """Find the last layer with a convolution, after its activation: its index among the modules, and its name."""
    network = ensemble.network
    if not isinstance(network, Network):
        # The backbone comes after the module that prepares the image.
        return 1, f"{block_names(network.backbone)[-1]}, its last block"
    convolving = [place for place, piece in enumerate(network_pieces(ensemble)) if _convolves(piece)]
    if not convolving:
        return None
    placed = placed_layers(network, ensemble.image, len(ensemble.class_names))
    # Of which layer each module is; an activation of a layer is its last module.
    layers = [number for number, one in enumerate(placed, start=1) for _ in one.modules]
    number = layers[convolving[-1]]
    last = network.layers[number - 1]
    what = "its last block with a convolution" if last.holds else "its last convolution"
    # The scaling comes before the pieces.
    return len(layers) - layers[::-1].index(number), f"layer {number} ({last.title}), {what}"


def _convolves(piece: Piece) -> bool:
    inner = (one for branch in piece.branches.values() for one in branch)
    return piece.module.kind == "Conv2d" or any(map(_convolves, inner))
