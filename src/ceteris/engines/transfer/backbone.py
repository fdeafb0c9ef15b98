"""Pretrained backbones of torchvision as PyTorch modules, their weights read without running anything."""

# b = images of a minibatch, c = channels, h, w = height, width, f = features

import pickle
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import assert_never

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models import efficientnet_b0, mobilenet_v2, resnet18
from torchvision.models.resnet import BasicBlock

from ceteris.errors import DataError
from ceteris.networks.backbone import Backbone

_CLASSIFIERS = ("classifier.", "fc.")
_SHOWN = 3


def empty_backbone(backbone: Backbone) -> nn.Sequential:
    """Build a backbone, its weights not yet loaded: a module per block, from images (b, 3, h, w) to (b, f, h', w')."""
    with torch.device("meta"):
        match backbone:
            case Backbone.MOBILENET_V2:
                network: nn.Module = mobilenet_v2()
            case Backbone.RESNET18:
                network = resnet18()
            case Backbone.EFFICIENTNET_B0:
                network = efficientnet_b0()
            case _:
                assert_never(backbone)
    return _blocks(network).to_empty(device="cpu")


def load_backbone(path: Path, backbone: Backbone) -> nn.Sequential:
    """Build a backbone, as `empty_backbone` in evaluation mode, and give it the weights of a file.

    The file is what `torch.save` wrote of a state dict with torchvision's names; a classifier in it is left aside.

    Raises:
        DataError: If the file cannot be read, holds anything but tensors, or tensors of another network.
    """
    arrays = _state_dict(path)
    network = empty_backbone(backbone)
    expected = torchvision_names(network, backbone)
    found = {name: tensor for name, tensor in arrays.items() if not name.startswith(_CLASSIFIERS)}
    # How many minibatches the statistics have seen decides nothing here, and old files lack it.
    needed = {name: tensor for name, tensor in expected.items() if not name.endswith("num_batches_tracked")}
    _compare(path, backbone, needed, found)
    with torch.no_grad():
        for name, tensor in expected.items():
            tensor.copy_(found[name]) if name in needed else tensor.zero_()
    return network.eval()


def pooled(features_bfhw: Tensor) -> Tensor:
    """Average features over the image, in float32. Shape (b, f)."""
    return features_bfhw.float().mean((2, 3))


def folded(network: nn.Sequential) -> nn.Sequential:
    """Fold each batch norm into the convolution before it: the same function in evaluation mode, in half the steps.

    Method: the identity in Markuš 2018, https://nenadmarkus.com/p/fusing-batchnorm-and-conv/. The network is changed.
    """
    for module in network.modules():
        if isinstance(module, BasicBlock):
            module.conv1, module.bn1 = fuse_conv_bn_eval(module.conv1, module.bn1), nn.Identity()
            module.conv2, module.bn2 = fuse_conv_bn_eval(module.conv2, module.bn2), nn.Identity()
        elif isinstance(module, nn.Sequential):
            for index in range(len(module) - 1):
                first, second = module[index], module[index + 1]
                if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                    module[index], module[index + 1] = fuse_conv_bn_eval(first, second), nn.Identity()
    return network


def _blocks(network: nn.Module) -> nn.Sequential:
    """Line up the blocks of a network of torchvision."""
    features = getattr(network, "features", None)
    if isinstance(features, nn.Sequential):
        return features
    parts = dict(network.named_children())
    stem = nn.Sequential(parts["conv1"], parts["bn1"], parts["relu"], parts["maxpool"])
    layers: list[Iterable[nn.Module]] = [parts[f"layer{number}"].children() for number in range(1, 5)]
    return nn.Sequential(stem, *(block for layer in layers for block in layer))


def torchvision_names(network: nn.Sequential, backbone: Backbone) -> dict[str, Tensor]:
    """Name the tensors of the blocks as torchvision's files do."""
    return {_torchvision_name(name, backbone): tensor for name, tensor in network.state_dict().items()}


def torchvision_modules(network: nn.Sequential, backbone: Backbone) -> dict[str, nn.Module]:
    """Name the modules of the blocks as torchvision does, in their order."""
    named = {_torchvision_name(name, backbone): module for name, module in network.named_modules() if name}
    if backbone is Backbone.RESNET18:  # what comes out of a layer comes out of its last block
        named |= {f"layer{layer}": named[f"layer{layer}.1"] for layer in range(1, 5)}
    return named


def _torchvision_name(name: str, backbone: Backbone) -> str:
    """Turn the name of a tensor or a module of the blocks into torchvision's."""
    if backbone is not Backbone.RESNET18:
        return f"features.{name}"
    block, _, rest = name.partition(".")
    if block == "0":  # the stem, whose last part is its max pooling
        part, _, rest = rest.partition(".")
        start = ("conv1", "bn1", "relu", "maxpool")[int(part or -1)]
    else:
        layer, position = divmod(int(block) - 1, 2)
        start = f"layer{layer + 1}.{position}"
    return f"{start}.{rest}" if rest else start


def _state_dict(path: Path) -> Mapping[str, Tensor]:
    advice = "Give a file that torch.save wrote of a state dict, as torchvision offers them."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old formats, which are read all the same
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # PyTorch loads only types on its list of harmless ones; its message about others is long.
        unsafe = "Weights only load failed" in str(error) or "Unsupported" in str(error)
        what = "holds more than tensors, perhaps code, which is not run" if unsafe else "is no file of PyTorch"
        raise DataError(f"{path} {what}. {advice}") from error
    except (EOFError, RuntimeError, ValueError, KeyError, IndexError) as error:
        raise DataError(f"{path} is cut short or damaged, or no file of PyTorch. {advice}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}). Check the file and its permissions.") from error
    if not isinstance(content, Mapping) or not all(isinstance(tensor, Tensor) for tensor in content.values()):
        raise DataError(f"{path} holds a {type(content).__name__}, expected a state dict: tensors by name. {advice}")
    return content


def _compare(path: Path, backbone: Backbone, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    missing = [name for name in expected if name not in found]
    if missing:
        names = ", ".join(missing[:_SHOWN]) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
        raise DataError(
            f"{path} has no {names}, so these are not the weights of {backbone}. Name the weights of {backbone}, or "
            "change network.backbone."
        )
    for name, tensor in expected.items():
        shape = tuple(found[name].shape)
        if shape != tuple(tensor.shape):
            raise DataError(
                f"{path}: {name} has shape {shape}, expected {tuple(tensor.shape)} for {backbone}. Name the weights of "
                f"torchvision's {backbone}, of the usual width."
            )
        if not bool(torch.isfinite(found[name]).all()):
            raise DataError(f"{path}: {name} holds values that are not finite. Bring an intact file.")
