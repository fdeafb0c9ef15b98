"""Arrays as bytes: the predictions and weights that a run leaves, and the images it predicted with their labels.

What is read here had its SHA-256 compared before, and nothing is ever unpickled.
"""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray


def encode_array(array: NDArray[np.generic]) -> bytes:
    """Write an array as the content of an npy file."""
    buffer = BytesIO()
    np.save(buffer, np.asarray(array, order="C"), allow_pickle=False)
    return buffer.getvalue()


def decode_array(content: bytes) -> NDArray[Any]:
    """Read the content of an npy file, in the shape and numbers that were written."""
    array: NDArray[Any] = np.load(BytesIO(content), allow_pickle=False)
    return array


def half_precision(probabilities: NDArray[np.float32]) -> NDArray[np.float16]:
    """Give class probabilities as they are stored, in float16; shape (images, classes), in [0, 1].

    Half precision keeps three digits of each probability, which is finer than any comparison of predictions needs, and
    takes 200 kB for 10,000 images of 10 classes.
    """
    return np.asarray(probabilities, np.float16)


def encode_weights(weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Write weights as the content of a safetensors file; the same weights give the same bytes."""
    return safetensors.numpy.save({name: np.asarray(array, np.float32, order="C") for name, array in weights.items()})


def decode_weights(content: bytes) -> dict[str, NDArray[np.float32]]:
    """Read the content of `weights.safetensors`: parameters and batch-norm statistics, PyTorch's names and shapes."""
    return safetensors.numpy.load(content)
