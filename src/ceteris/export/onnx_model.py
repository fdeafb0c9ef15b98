"""A network as an ONNX graph, built operator by operator from its layers: https://onnx.ai."""

import json
from collections.abc import Mapping

import numpy as np

from ceteris.errors import ResultsError
from ceteris.export.onnx_graph import FLOAT, Array, Graph, write_front
from ceteris.export.pieces import Piece, network_pieces
from ceteris.networks.batch_norm import EPSILON
from ceteris.prediction.ensemble import Ensemble

OPSET, FORMAT = 17, 8
"""Of the operators and of the file: what ONNX Runtime 1.12 (2022) and everything later reads."""

INPUT, OUTPUT = "images", "probabilities"

_OPERATORS = {
    "BatchNorm1d": ("BatchNormalization", ("weight", "bias", "running_mean", "running_var")),
    "BatchNorm2d": ("BatchNormalization", ("weight", "bias", "running_mean", "running_var")),
    "Conv2d": ("Conv", ("weight", "bias")),
    "Flatten": ("Flatten", ()),
    "LeakyReLU": ("LeakyRelu", ()),
    "Linear": ("Gemm", ("weight", "bias")),
    "MaxPool2d": ("MaxPool", ()),
    "ReLU": ("Relu", ()),
    "Softmax": ("Softmax", ()),
    "Tanh": ("Tanh", ()),
}
"""For each module the operator, and the arrays that it takes in order."""


def onnx_model(ensemble: Ensemble, facts: Mapping[str, str]) -> bytes:
    """Write the content of `model.onnx`.

    The input `images` is uint8, shape (batch, channels, height, width), of any number of images; the output
    `probabilities` is float32, shape (batch, classes). Scaling is a part of the graph.

    Args:
        ensemble: With a single seed.
        facts: What the file is to say of itself, by name.

    Raises:
        ResultsError: If `onnx` is not installed.
    """
    try:
        import onnx  # noqa: PLC0415 - an extra
        from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415
    except ImportError:
        raise ResultsError(
            "--format onnx needs the package onnx, which is not installed. "
            "Install it with `pip install onnx onnxruntime`, or choose another format."
        ) from None
    graph = Graph()
    last = _front(graph, ensemble)
    pieces = [piece for piece in network_pieces(ensemble) if piece.module.kind != "Dropout"]
    for place, piece in enumerate(pieces):
        kind, settings, order = _operator(piece)
        own: dict[str, Array] = {f"{place}.{name}": np.asarray(piece.arrays[name], np.float32) for name in order}
        graph.arrays |= own
        after = OUTPUT if place == len(pieces) - 1 else f"{place}.{kind}"
        last = graph.add(kind, [last, *own], result=after, **settings)
    image = ensemble.image
    before = helper.make_tensor_value_info(
        INPUT, TensorProto.UINT8, ["batch", image.channels, image.height, image.width]
    )
    result = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", len(ensemble.class_names)])
    stored = [numpy_helper.from_array(array, name) for name, array in graph.arrays.items()]
    made = helper.make_graph(graph.nodes, "network", [before], [result], initializer=stored)
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=FORMAT, producer_name="ceteris"
    )
    helper.set_model_props(model, {**facts, "classes": json.dumps(ensemble.class_names, ensure_ascii=False)})
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _front(graph: Graph, ensemble: Ensemble) -> str:
    """Write what comes before the pieces, and name what goes into the first of them."""
    if ensemble.pretrained is not None:
        from ceteris.export.backbone_model import front_modules  # noqa: PLC0415 - needs torch

        return write_front(graph, front_modules(ensemble, ensemble.pretrained), INPUT)
    scale, offset = (
        graph.constant(name, np.asarray(numbers, np.float32).reshape(1, -1, 1, 1))
        for name, numbers in (("scale", ensemble.scale), ("offset", ensemble.offset))
    )
    grey = graph.add("Cast", [INPUT], result="grey", to=FLOAT)
    return graph.add("Add", [graph.add("Mul", [grey, scale], result="scaled"), offset], result="input")


def _operator(piece: Piece) -> tuple[str, dict[str, object], tuple[str, ...]]:
    """Name the operator, its settings, and the arrays that it takes in order."""
    settings: dict[str, object] = {}
    match piece.module.kind:
        case "Conv2d":
            settings = {"pads": [piece.module.keywords.get("padding", 0)] * 4}
        case "MaxPool2d":
            side = [piece.module.arguments[0]] * 2
            settings = {"kernel_shape": side, "strides": side}
        case "BatchNorm1d" | "BatchNorm2d":
            settings = {"epsilon": EPSILON}
        case "Linear":
            settings = {"transB": 1}
        case "LeakyReLU":
            settings = {"alpha": piece.module.arguments[0]}
        case "Softmax":
            settings = {"axis": 1}
    operator, order = _OPERATORS[piece.module.kind]
    return operator, settings, order
