"""One batch of CIFAR-10's python release, as the records that the binary release would hold."""

from typing import Any

import numpy as np

from ceteris.datasets.inert_pickle import array_bytes, take_apart
from ceteris.datasets.records import PIXELS, REMEDY
from ceteris.errors import DataError


def batch_records(content: bytes, where: str, *, records: int) -> bytes:
    """Turn a pickled batch into records, without unpickling it.

    Args:
        content: The bytes of the file.
        where: The file, for messages.
        records: How many images there must be.

    Returns:
        As many records of 3,073 bytes, in the order of the file. Labels above 9 are left for the reader of records.

    Raises:
        DataError: If the file is something else.
    """
    batch = _dictionary(content, where)
    if "labels" not in batch and "fine_labels" in batch:
        raise DataError(f"{where}: this is a batch of CIFAR-100 (it has fine_labels), expected CIFAR-10. {REMEDY}")
    array = array_bytes(batch.get("data"))
    if array is None or array[0] != (records, PIXELS) or len(array[1]) != records * PIXELS:
        found = "no array of bytes" if array is None else f"{len(array[1])} bytes in the shape {array[0]}"
        raise DataError(f"{where}: its data is {found}, expected uint8 in the shape {(records, PIXELS)}. {REMEDY}")
    labels = batch.get("labels")
    if not isinstance(labels, list) or len(labels) != records:
        found = f"{len(labels)} entries" if isinstance(labels, list) else "no list"
        raise DataError(
            f"{where}: labels has {found}, expected one whole number for each of {records} images. {REMEDY}"
        )
    for image, label in enumerate(labels):
        if type(label) is not int or not 0 <= label < 256:
            found = str(label) if type(label) is int and abs(label) < 2**32 else f"a {type(label).__name__}"
            raise DataError(f"{where}: the label of image {image} is {found}, expected 0 to 9. {REMEDY}")
    pixels = np.frombuffer(array[1], np.uint8).reshape(records, PIXELS)
    return np.concatenate([np.array(labels, np.uint8)[:, None], pixels], axis=1).tobytes()


def class_names(content: bytes, where: str) -> tuple[str, ...]:
    """Read the class names from `batches.meta`; nothing where it has none."""
    names = _dictionary(content, where).get("label_names")
    if not isinstance(names, list):
        return ()
    return tuple(name.decode("latin-1") if isinstance(name, bytes) else str(name) for name in names)


def _dictionary(content: bytes, where: str) -> dict[str, Any]:
    batch = take_apart(content, where)
    if not isinstance(batch, dict):
        raise DataError(f"{where}: a pickled {type(batch).__name__} found, expected a batch of CIFAR-10. {REMEDY}")
    return batch
