from io import BytesIO

import numpy as np
import pytest

from ceteris.datasets.dataset import as_labels, narrowed
from ceteris.results.arrays import decode_array, decode_weights, encode_array, encode_weights, half_precision


def test_predictions_are_kept_in_half_precision():
    """Probabilities come back rounded to float16, in their shape, also from an array that is not contiguous."""
    probabilities = np.linspace(0, 1, 60, dtype=np.float32).reshape(10, 6).T
    kept = decode_array(encode_array(half_precision(probabilities)))
    assert kept.dtype == np.float16
    np.testing.assert_array_equal(kept, probabilities.astype(np.float16))


def test_predictions_are_a_plain_npy_file():
    """Anybody can read them with NumPy, and nothing in them needs unpickling."""
    content = encode_array(half_precision(np.ones((2, 10), np.float32)))
    assert np.load(BytesIO(content), allow_pickle=False).shape == (2, 10)


def test_pickled_arrays_are_refused():
    """A file that holds Python objects is not executed."""
    buffer = BytesIO()
    np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        decode_array(buffer.getvalue())


def test_weights_come_back_bit_for_bit():
    """Every array keeps its name, shape and bits: transposed ones, scalars and not-a-numbers too."""
    weights = {
        "layers.0.weight": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "layers.0.bias": np.array([np.nan, -0.0], np.float32),
        "scalar": np.array(3, np.float32),
    }
    kept = decode_weights(encode_weights(weights))
    assert kept.keys() == weights.keys()
    for name, array in weights.items():
        assert kept[name].shape == array.shape
        assert kept[name].tobytes() == array.tobytes()


def test_the_same_weights_give_the_same_bytes():
    """The order in which an engine names its arrays does not show."""
    weights = {f"layers.{index}.weight": np.full(3, index, np.float32) for index in range(12)}
    assert encode_weights(weights) == encode_weights(dict(reversed(weights.items())))


@pytest.mark.parametrize(("classes", "stored"), [(10, "|u1"), (256, "|u1"), (257, "<u2"), (65537, "<u4")])
def test_labels_come_back(classes, stored):
    """Classes are kept in as few bytes as hold them: results of up to 256 stay what they were, byte for byte."""
    labels = np.arange(classes, dtype=np.int32)
    content = encode_array(narrowed(labels))

    np.testing.assert_array_equal(as_labels(decode_array(content)), labels, strict=True)
    assert np.load(BytesIO(content)).dtype.str == stored


def test_images_come_back():
    """Test images are kept as bytes, in their shape."""
    images = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    np.testing.assert_array_equal(decode_array(encode_array(images)), images, strict=True)
