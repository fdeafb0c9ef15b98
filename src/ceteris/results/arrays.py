"""Arrays as bytes: the predictions and weights that a run leaves, and the images it predicted with their labels."""

from collections.abc import Mapping
from io import BytesIO

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from ceteris.datasets.dataset import Labels, as_labels, narrowed


def encode_predictions(probabilities: NDArray[np.float32]) -> bytes:
    """Write class probabilities as the content of an npy file of float16.

    Half precision keeps three digits of each probability, which is finer than any comparison of predictions needs, and
    takes 200 kB for 10,000 images of 10 classes.

    Args:
        probabilities: Shape (images, classes), in [0, 1].
    """
    return _npy(np.asarray(probabilities, np.float16, order="C"))


def decode_predictions(content: bytes) -> NDArray[np.float16]:
    """Read the content of `predictions.npy`, whose SHA-256 was compared before; nothing is ever unpickled.

    Returns:
        Class probabilities of the test images. Shape (images, classes), float16.
    """
    predictions: NDArray[np.float16] = np.load(BytesIO(content), allow_pickle=False)
    return predictions


def encode_labels(labels: Labels) -> bytes:
    """Write the classes of the test images as the content of an npy file, in as few bytes as hold them.

    Args:
        labels: Shape (images,).
    """
    return _npy(narrowed(labels))


def decode_labels(content: bytes) -> Labels:
    """Read the content of `labels.npy`, whose SHA-256 was compared before.

    Returns:
        Shape (images,), int32.
    """
    return as_labels(np.load(BytesIO(content), allow_pickle=False))


def encode_images(images: NDArray[np.uint8]) -> bytes:
    """Write the test images as the content of an npy file.

    Args:
        images: Shape (images, height, width, channels).
    """
    return _npy(np.asarray(images, np.uint8, order="C"))


def decode_images(content: bytes) -> NDArray[np.uint8]:
    """Read the content of `test-images.npy`, whose SHA-256 was compared before.

    Returns:
        Shape (images, height, width, channels), uint8.
    """
    images: NDArray[np.uint8] = np.load(BytesIO(content), allow_pickle=False)
    return images


def encode_weights(weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Write weights as the content of a safetensors file; the same weights give the same bytes."""
    return safetensors.numpy.save({name: np.asarray(array, np.float32, order="C") for name, array in weights.items()})


def decode_weights(content: bytes) -> dict[str, NDArray[np.float32]]:
    """Read the content of `weights.safetensors`, whose SHA-256 was compared before.

    Returns:
        Parameters and batch-norm statistics under PyTorch's names and in its shapes.
    """
    return safetensors.numpy.load(content)


def _npy(array: NDArray[np.generic]) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
