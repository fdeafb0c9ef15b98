"""An ONNX graph in the making, and how the modules of a pretrained backbone become a part of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import nn

Array = NDArray[np.generic]

FLOAT = 1
"""ONNX's number for float32."""


class Graph:
    """Operators in order, each naming its result.

    Attributes:
        nodes: The operators, as `onnx.helper` makes them.
        arrays: Constants by name.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.arrays: dict[str, Array] = {}

    def add(self, operator: str, inputs: Sequence[str], *, result: str = "", **settings: object) -> str:
        """Add an operator, and name its result; a name is made up if none is given."""
        from onnx import helper  # noqa: PLC0415 - an extra

        result = result or f"{len(self.nodes)}.{operator}"
        self.nodes.append(helper.make_node(operator, list(inputs), [result], **settings))
        return result

    def constant(self, name: str, array: Array) -> str:
        """Add a constant under a name of its own."""
        assert name not in self.arrays, "one constant a name"
        self.arrays[name] = array
        return name


def write_front(graph: Graph, modules: Sequence["nn.Module"], images: str) -> str:
    """Write what comes before the head, from `front_modules`, and name what comes out.

    Args:
        graph: What to add to.
        modules: Preparation, backbone, average.
        images: Name of the images as uint8.
    """
    from ceteris.export.onnx_modules import write_module  # noqa: PLC0415 - needs torch

    prepare, *rest = modules
    names = {name: graph.constant(name, buffer.numpy().astype(np.float32)) for name, buffer in prepare.named_buffers()}
    half, black, white = (graph.constant(f"level {value}", np.asarray(value, np.float32)) for value in (0.5, 0, 255))
    last = graph.add("Cast", [images], to=FLOAT)
    for pair in ([None, names["across"]], [names["down"], None]):
        last = graph.add("MatMul", [last if one is None else one for one in pair])
        last = graph.add("Floor", [graph.add("Add", [last, half])])
        last = graph.add("Clip", [last, black, white])
    last = graph.add("Div", [graph.add("Sub", [last, names["mean"]]), names["deviation"]])
    for place, module in enumerate(rest):
        last = write_module(graph, module, last, f"backbone.{place}")
    return last
