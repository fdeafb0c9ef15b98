"""What a pretrained backbone, frozen or trained further, gives for images: features and the outputs of its layers."""

# n = images, h, w = height and width, f = features, c = channels, o = output channels, i = input channels,
# y, x = position in a kernel

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ceteris.engines.torch.training import processor_threads
from ceteris.engines.transfer.backbone import folded, pooled, torchvision_modules
from ceteris.engines.transfer.extraction import Extractor, prepared, resized_images
from ceteris.inference.forward import Weights
from ceteris.networks.backbone import FEATURES, Backbone, BackboneNetwork
from ceteris.networks.layer import Values

_AT_ONCE = 64
"""Images that a fine-tuned backbone looks at together, as when its run was scored."""


def frozen_features(extractor: Extractor, images_nhwc: NDArray[np.uint8]) -> Values:
    """Compute features of images, shape (n, h, w, 3), by the code that trains heads. Shape (n, f), float32."""
    features = np.empty((len(images_nhwc), FEATURES[extractor.backbone]), np.float32)
    for _ in extractor.extract(images_nhwc, features):
        pass
    return features


def fine_tuned_features(
    network: BackboneNetwork,
    blocks: nn.Sequential,
    weights: Sequence[Weights],
    images_nhwc: NDArray[np.uint8],
    *,
    threads: int,
) -> list[Values]:
    """Compute the features of runs that trained the last blocks each for itself; what comes before them once.

    Images have the shape (n, h, w, 3), and the features of each run the shape (n, f), float32.
    """
    first = len(blocks) - network.trained_blocks
    layout = torch.channels_last
    shared = folded(copy.deepcopy(blocks[:first])).to(memory_format=layout)
    own = [trained_blocks(blocks, each)[first:].to(memory_format=layout) for each in weights]
    parts: list[list[Values]] = [[] for _ in weights]
    with torch.inference_mode(), processor_threads(threads):
        for start in range(0, len(images_nhwc), _AT_ONCE):
            pixels = torch.from_numpy(images_nhwc[start : start + _AT_ONCE].copy())
            values = shared(prepared(pixels, network.backbone, network.resolution, torch.float32))
            for part, last in zip(parts, own, strict=True):
                part.append(pooled(last(values)).numpy())
    return [np.concatenate(part) for part in parts]


def trained_blocks(blocks: nn.Sequential, weights: Weights) -> nn.Sequential:
    """Copy a backbone, and give the blocks that a run has trained the weights that it left."""
    changed = copy.deepcopy(blocks)
    state = changed.state_dict()
    for name, array in weights.items():
        part, _, place = name.partition(".")
        if part == "backbone":
            state[place].copy_(torch.from_numpy(array))
    return changed


def layer_names(blocks: nn.Sequential, backbone: Backbone) -> tuple[str, ...]:
    """Name every layer of a backbone as torchvision does, in their order, blocks and the layers inside them."""
    return tuple(torchvision_modules(blocks, backbone))


def describe_layer(blocks: nn.Sequential, backbone: Backbone, name: str) -> str:
    """Say what a layer is, for example `features.0.0 (conv 32, kernel 3, stride 2)`."""
    module = torchvision_modules(blocks, backbone)[name]
    if not isinstance(module, nn.Conv2d):
        return f"{name} ({type(module).__name__})"
    facts = [f"conv {module.out_channels}", f"kernel {module.kernel_size[0]}"]
    facts += [f"stride {module.stride[0]}"] if module.stride[0] > 1 else []
    facts += ["depthwise"] if module.groups > 1 else []
    return f"{name} ({', '.join(facts)})"


def image_seen(network: BackboneNetwork, image_hwc: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize an image as a backbone sees it, before its channels are normalised. Shape (h, w, 1 or 3), uint8."""
    pixels = torch.from_numpy(image_hwc[None].copy())
    resized = resized_images(pixels, network.backbone, network.resolution)[0].permute(1, 2, 0)
    return np.ascontiguousarray(resized.numpy())


def layer_output(
    network: BackboneNetwork, blocks: nn.Sequential, image_hwc: NDArray[np.uint8], name: str
) -> tuple[Values, Values | None]:
    """Follow an image, shape (h, w, 3), to one of `layer_names`; of a layer that is used twice, to its last output.

    Returns:
        What comes out, of shape (c, h, w), float32; and the kernels of a convolution, of shape (o, i, y, x), where i
        is 1 if it is depthwise, else None.
    """
    module = torchvision_modules(blocks, network.backbone)[name]
    outputs: list[Tensor] = []
    # Copied at once: the activation that follows writes its own output over this one.
    hook = module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output.clone()))
    with torch.inference_mode():
        pixels = torch.from_numpy(image_hwc[None].copy())
        blocks(prepared(pixels, network.backbone, network.resolution, torch.float32))
    hook.remove()
    kernels = module.weight.detach().numpy() if isinstance(module, nn.Conv2d) else None
    return outputs[-1][0].contiguous().numpy(), kernels


def is_trained(blocks: nn.Sequential, network: BackboneNetwork, name: str) -> bool:
    """Say whether training changes what comes out of a layer: whether its block, or one before it, is trained."""
    first = len(blocks) - network.trained_blocks
    module = torchvision_modules(blocks, network.backbone)[name]
    block = next(place for place, each in enumerate(blocks) if any(part is module for part in each.modules()))
    return block >= first
