"""A network as ONNX (https://onnx.ai), written by PyTorch from the module that every export is made of."""

import json
import warnings
from collections.abc import Mapping
from importlib.util import find_spec

from ceteris.errors import ResultsError
from ceteris.inference.ensemble import Ensemble

OPSET = 18
"""Version of the operators: the lowest that PyTorch writes; ONNX Runtime 1.14 (2023) and everything later reads it."""

INPUT, OUTPUT = "images", "probabilities"


def onnx_model(ensemble: Ensemble, facts: Mapping[str, str]) -> bytes:
    """Write the content of `model.onnx`, of an ensemble with a single seed; the file says the facts of itself, by name.

    The input `images` is uint8, shape (batch, channels, height, width), of any number of images; the output
    `probabilities` is float32, shape (batch, classes). Scaling is a part of the graph.

    Raises:
        ResultsError: If PyTorch, `onnx` or `onnxscript` is not installed.
    """
    missing = [name for name in ("torch", "onnx", "onnxscript") if find_spec(name) is None]
    if missing:
        raise ResultsError(
            f"--format onnx needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed. "
            "Install with `pip install torch onnx onnxruntime onnxscript`, or choose another format."
        )
    import onnx  # noqa: PLC0415 - an extra
    import torch  # noqa: PLC0415 - an extra

    from ceteris.export.torch_program import answering, torch_module  # noqa: PLC0415 - needs torch

    image = ensemble.image
    example = torch.zeros(2, image.channels, image.height, image.width, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch about itself
        program = torch.onnx.export(
            answering(torch_module(ensemble), ensemble),
            (example,),
            dynamo=True,
            verbose=False,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
            opset_version=OPSET,
        )
    assert program is not None, "with dynamo"
    model = program.model_proto
    model.producer_name = "ceteris"
    onnx.helper.set_model_props(model, {**facts, "classes": json.dumps(ensemble.class_names, ensure_ascii=False)})
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content
