"""Modules of torchvision's backbones as operators of ONNX."""

import numpy as np
from torch import Tensor, nn
from torchvision.models.efficientnet import MBConv
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.models.resnet import BasicBlock
from torchvision.ops import StochasticDepth
from torchvision.ops.misc import SqueezeExcitation

from ceteris.export.onnx_graph import Graph


def write_module(graph: Graph, module: nn.Module, value: str, name: str) -> str:  # noqa: C901, PLR0911, PLR0912 - a case for each kind
    """Write a module as it computes when nothing is learnt, and name what comes out.

    Args:
        graph: What to add to.
        module: One that a backbone is made of.
        value: Name of what goes in.
        name: Of the module, unique; its constants begin with it.
    """
    match module:
        case InvertedResidual() | MBConv():
            inner = module.conv if isinstance(module, InvertedResidual) else module.block
            found = write_module(graph, inner, value, f"{name}.block")
            return graph.add("Add", [found, value]) if module.use_res_connect else found
        case BasicBlock():
            return _basic_block(graph, module, value, name)
        case SqueezeExcitation():
            parts = (module.avgpool, module.fc1, module.activation, module.fc2, module.scale_activation)
            share = _in_turn(graph, parts, value, name)
            return graph.add("Mul", [share, value])
        case nn.Sequential():
            return _in_turn(graph, tuple(module), value, name)
        case StochasticDepth() | nn.Identity():
            return value
        case nn.SiLU():
            return graph.add("Mul", [value, graph.add("Sigmoid", [value])])
        case nn.ReLU6():
            return graph.add("Clip", [value, *_bounds(graph, name)])
        case nn.ReLU():
            return graph.add("Relu", [value])
        case nn.Sigmoid():
            return graph.add("Sigmoid", [value])
        case nn.AdaptiveAvgPool2d():
            return graph.add("GlobalAveragePool", [value])
        case nn.MaxPool2d():
            kernel, stride, margin = (_pair(one) for one in (module.kernel_size, module.stride, module.padding))
            return graph.add("MaxPool", [value], kernel_shape=kernel, strides=stride, pads=margin * 2)
        case nn.BatchNorm2d():
            arrays = [(part, getattr(module, part)) for part in ("weight", "bias", "running_mean", "running_var")]
            constants = [_constant(graph, f"{name}.{part}", array) for part, array in arrays]
            return graph.add("BatchNormalization", [value, *constants], epsilon=module.eps)
        case nn.Conv2d():
            return _convolution(graph, module, value, name)
    raise AssertionError(f"{type(module).__name__} is in no backbone that is known")


def _in_turn(graph: Graph, parts: tuple[nn.Module, ...], value: str, name: str) -> str:
    for place, part in enumerate(parts):
        value = write_module(graph, part, value, f"{name}.{place}")
    return value


def _basic_block(graph: Graph, block: BasicBlock, value: str, name: str) -> str:
    found = _in_turn(graph, (block.conv1, block.bn1, block.relu, block.conv2, block.bn2), value, name)
    beside = value if block.downsample is None else write_module(graph, block.downsample, value, f"{name}.beside")
    return graph.add("Relu", [graph.add("Add", [found, beside])])


def _convolution(graph: Graph, module: nn.Conv2d, value: str, name: str) -> str:
    assert not isinstance(module.padding, str), "torchvision gives numbers"
    constants = [_constant(graph, f"{name}.weight", module.weight)]
    if module.bias is not None:
        constants.append(_constant(graph, f"{name}.bias", module.bias))
    return graph.add(
        "Conv",
        [value, *constants],
        strides=list(module.stride),
        pads=list(module.padding) * 2,
        dilations=list(module.dilation),
        group=module.groups,
    )


def _bounds(graph: Graph, name: str) -> list[str]:
    return [graph.constant(f"{name}.{bound}", np.asarray(bound, np.float32)) for bound in (0, 6)]


def _constant(graph: Graph, name: str, tensor: Tensor) -> str:
    return graph.constant(name, tensor.detach().numpy().astype(np.float32))


def _pair(value: int | tuple[int, int]) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)
