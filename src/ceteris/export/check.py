"""Does an exported network say what the run says? Asked of the file itself, with the library that will read it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ceteris.engines.transfer.engine import Precision
from ceteris.errors import ResultsError
from ceteris.export.modules import resized
from ceteris.export.onnx_model import INPUT
from ceteris.inference.ensemble import Ensemble, ensemble_probabilities
from ceteris.inference.pretrained import Pretrained
from ceteris.networks.layer import Values

LARGEST_DIFFERENCE = 1e-5
"""How far a probability may be off: float32 sums in another order are, by a few times 1e-7."""

HALF_PRECISION = 1e-3
"""How far the stored probabilities may be off, which have the ten binary digits of float16."""

LARGEST_LEVELS = 1
"""How many grey levels a resized pixel may be off where torchvision resizes in float32 and rounds once. The rounding
after each of our two products is off by half a level, the first times at most 1.3 (the sum of the sizes of cubic
weights), and that of torchvision by half a level: less than two whole levels."""

MOST_IMAGES = 1000
_AT_ONCE = 100

Predict = Callable[[NDArray[np.uint8]], Values]


class ExportFormat(StrEnum):
    """What a network can be exported as."""

    ONNX = "onnx"
    TORCH = "torch"
    SAFETENSORS = "safetensors"


@dataclass(frozen=True, kw_only=True)
class Check:
    """What came of reading an exported file back.

    Attributes:
        reader: Name and version of the library that read it; empty if there is none here.
        difference: The largest difference of a probability to that of the run; None if it was not checked.
    """

    reader: str = ""
    images: int = 0
    difference: float | None = None
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class Rounding:
    """What it does to answers that an exported network computes in other numbers than its run did.

    Attributes:
        precision: In which numbers the run's backbone computed; the exported one computes in float32.
        levels: By how many grey levels a pixel is off, because torchvision resizes in float32 on this processor.
    """

    precision: Precision
    levels: int = 0
    images: int
    largest: float
    changed: int


def chosen_places(images: int) -> NDArray[np.intp]:
    """Choose test images to check with: all, or a thousand at even distances."""
    return np.linspace(0, images - 1, min(images, MOST_IMAGES)).round().astype(np.intp)


def reference(ensemble: Ensemble, images: NDArray[np.uint8], stored: NDArray[np.float16]) -> Values:
    """Give a run's predictions for test images, in float32, after comparing them with the stored ones.

    Raises:
        ResultsError: If the weights no longer say what the predictions say.
    """
    probabilities: Values = ensemble_probabilities(ensemble, images)[0]
    apart = _largest(probabilities, stored)
    if ensemble.pretrained is not None and not apart <= HALF_PRECISION:
        # It may have been trained where images are resized in whole grey levels, and this processor uses float32.
        probabilities = ensemble_probabilities(ensemble, _resized(ensemble.pretrained, images))[0]
        apart = _largest(probabilities, stored)
    if not apart <= HALF_PRECISION:
        raise ResultsError(
            f"'{ensemble.arm}', seed {ensemble.seeds[0]}: the stored weights give probabilities that differ by "
            f"{apart:.2g} from the stored predictions, expected at most {HALF_PRECISION:g}. Nothing was exported; "
            "train the run anew in another folder."
        )
    return probabilities


def as_exported(ensemble: Ensemble, images: NDArray[np.uint8], expected: Values) -> tuple[Values, Rounding | None]:
    """Say what a run says with images and backbone computed as they are exported; and what that changes.

    An exported backbone computes in float32 and is shown images that are resized in whole grey levels, as torchvision
    does where the processor has AVX2.

    Returns:
        The probabilities, and what became other in them; None if the run computes so itself.

    Raises:
        ResultsError: If resizing differs by more than its arithmetic allows.
    """
    pretrained = ensemble.pretrained
    if pretrained is None:
        return expected, None
    from ceteris.inference.backbone import image_seen  # noqa: PLC0415 - needs torch

    seen = _resized(pretrained, images)
    theirs = (image_seen(pretrained.network, image).astype(np.int16) for image in images)
    levels = max((int(np.abs(one - own).max()) for one, own in zip(theirs, seen, strict=True)), default=0)
    if levels > LARGEST_LEVELS:
        raise ResultsError(
            f"images that the exported network resizes differ by {levels} grey levels from those of the run, expected "
            f"at most {LARGEST_LEVELS}. Nothing was exported; install another version of torchvision."
        )
    if not levels and pretrained.precisions == ("float32",):
        return expected, None
    exact = replace(ensemble, pretrained=replace(pretrained, precisions=("float32",)))
    found: Values = ensemble_probabilities(exact, seen)[0]
    return found, Rounding(
        precision=pretrained.precisions[0],
        levels=levels,
        images=len(images),
        largest=_largest(found, expected),
        changed=int((found.argmax(1) != expected.argmax(1)).sum()),
    )


def _resized(pretrained: Pretrained, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize images as the exported network does; torchvision leaves them as they are then."""
    network = pretrained.network
    starts = range(0, len(images), _AT_ONCE)
    return np.concatenate([resized(images[n : n + _AT_ONCE], network.resolution, network.backbone) for n in starts])


def _largest(found: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    return float(np.abs(found.astype(np.float32) - other.astype(np.float32)).max(initial=0))


def check(kind: ExportFormat, content: bytes, ensemble: Ensemble, images: NDArray[np.uint8], expected: Values) -> Check:
    """Read an exported file back, show it test images, and compare.

    Raises:
        ResultsError: If it says something else.
    """
    try:
        reader, predict = _READERS[kind](content, ensemble)
    except ImportError as error:
        return Check(missing=(error.name or "torch").partition(".")[0])
    images_nchw = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    parts = [predict(images_nchw[start : start + _AT_ONCE]) for start in range(0, len(images), _AT_ONCE)]
    difference = _largest(np.concatenate(parts), expected)
    if not difference <= LARGEST_DIFFERENCE:
        raise ResultsError(
            f"the exported {kind} file, read with {reader}, gives probabilities that differ by {difference:.2g} from "
            f"those of the run, expected at most {LARGEST_DIFFERENCE:g}. Nothing was exported; choose another format."
        )
    return Check(reader=reader, images=len(images), difference=difference)


def _read_onnx(content: bytes, _: Ensemble) -> tuple[str, Predict]:
    import onnxruntime  # noqa: PLC0415 - an extra

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def predict(images: NDArray[np.uint8]) -> Values:
        probabilities: Values = session.run(None, {INPUT: images})[0]
        return probabilities

    return f"ONNX Runtime {_version('onnxruntime')}", predict


def _read_torch(content: bytes, _: Ensemble) -> tuple[str, Predict]:
    import torch  # noqa: PLC0415 - an extra

    return _in_torch(torch.export.load(BytesIO(content)).module())


def _in_torch(module: Callable[..., Any]) -> tuple[str, Predict]:
    import torch  # noqa: PLC0415 - an extra

    def predict(images: NDArray[np.uint8]) -> Values:
        with torch.no_grad():
            probabilities: Values = module(torch.from_numpy(images)).numpy()
        return probabilities

    return f"PyTorch {_version('torch')}", predict


def _read_safetensors(content: bytes, ensemble: Ensemble) -> tuple[str, Predict]:
    from safetensors.torch import load  # noqa: PLC0415 - needs torch

    from ceteris.export.torch_program import answering, torch_module  # noqa: PLC0415 - needs torch

    module = torch_module(ensemble)
    module.load_state_dict(load(content))
    return _in_torch(answering(module, ensemble))


_READERS = {
    ExportFormat.ONNX: _read_onnx,
    ExportFormat.TORCH: _read_torch,
    ExportFormat.SAFETENSORS: _read_safetensors,
}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of unknown version"
