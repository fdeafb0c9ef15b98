"""What the name of a folder says about the part of the images in it: training, validation or test."""

import re
import unicodedata

_WORDS = {
    "train": "training",
    "training": "training",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
_KINDS = ("", "set", "data", "dataset", "split", "folder", "image", "images", "img", "imgs", "photos", "pictures")
_PARTS = {order: part for word, part in _WORDS.items() for kind in _KINDS for order in (word + kind, kind + word)}


def composed(name: str) -> str:
    """Write the letters of a name in one way (Unicode NFC): systems differ in whether an accent is a letter apart."""
    return unicodedata.normalize("NFC", name)


def part_of(name: str) -> str | None:
    """Say which part a folder of this name holds, or None if the name is that of no part.

    Example:
        >>> part_of("training_set"), part_of("Test Images"), part_of("dev"), part_of("trains")
        ('training', 'test', 'validation', None)
    """
    return _PARTS.get(re.sub(r"[\W_]+", "", composed(name).casefold()))


def hinted_part(name: str) -> str | None:
    """Say which part a name hints at with one of its words, or None if with none or with several.

    Example:
        >>> hinted_part("seg_train"), hinted_part("val2017"), hinted_part("MyTest"), hinted_part("contest")
        ('training', 'validation', 'test', None)
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", composed(name))
    parts = {_WORDS[word] for word in re.findall(r"[^\W\d_]+", apart.casefold()) if word in _WORDS}
    return parts.pop() if len(parts) == 1 else None
