"""The words that messages are made of: lists, values as a study file writes them, and what a person probably meant."""

import json
from collections.abc import Iterable, Mapping

_OTHERWISE = {
    "lr": "learning_rate",
    "eps": "epsilon",
    "wd": "weight_decay",
    "bs": "batch_size",
    "linear": "dense",
    "fc": "dense",
    "relu": "activation",
    "skip": "residual",
    "block": "residual",
    "avgpool": "average_pool",
    "avg_pool": "average_pool",
    "bn": "batch_norm",
    "filters": "conv",
    "early_stopping": "patience",
    "swish": "silu",
    "onecycle": "one_cycle",
    "onecyclelr": "one_cycle",
    "valid": "none",
    "xavier": "glorot",
    "kaiming": "he",
    "zscore": "standard",
    "accuracy": "test accuracy",
    "units": "dense",
}
"""What other software calls things, and the word here."""

_VALUE_LENGTH = 60
_LETTERS_A_SLIP = 4
_SHORTEST_OVERLAP = 3
_SHORTEST_SLIP = 3


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that a person most likely meant, if one is close.

    Close is, in letters of either case: as far away as one slip in four letters makes it, and one in any word of three
    letters or more (a letter too many, too few or wrong, or two swapped); of words with dots, each part. What other
    software calls it is meant too. If none is that close, a single one that the word begins or ends with, or that
    begins or ends with it.

    Example:
        >>> nearest("sedes", ["seeds", "epochs"]), nearest("kernel_size", ["kernel"]), nearest("b", ["a"])
        ('seeds', 'kernel', None)
    """
    meant, known = word.casefold(), tuple(known)
    if (other := ".".join(_OTHERWISE.get(part, part) for part in meant.split("."))) in known:
        return other
    distances = {choice: _distance(meant, choice.casefold()) for choice in known}
    close = {choice: distance for choice, distance in distances.items() if distance is not None}
    if close:
        return min(close, key=lambda choice: close[choice])
    related = [choice for choice in distances if _overlap(meant, choice.casefold())]
    return related[0] if len(related) == 1 else None


def _distance(word: str, other: str) -> int | None:
    """Count the slips between two words; None if they are too many, in the whole or in a part between dots."""
    parts, others = word.split("."), other.split(".")
    if len(parts) != len(others):
        return None
    slips = [_slips(*pair) for pair in zip(parts, others, strict=True)]
    longest = [max(len(one), len(two)) for one, two in zip(parts, others, strict=True)]
    most = [max(1, length // _LETTERS_A_SLIP) if length >= _SHORTEST_SLIP else 0 for length in longest]
    return sum(slips) if all(count <= limit for count, limit in zip(slips, most, strict=True)) else None


def _slips(word: str, other: str) -> int:
    """Give the distance of optimal string alignment: letters inserted, deleted, replaced, and neighbours swapped."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, start=1):
        last, row, older = row, [i], before
        for j, another in enumerate(other, start=1):
            slips = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != another))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == another:
                slips = min(slips, older[j - 2] + 1)
            row.append(slips)
        before = last
    return row[-1]


def _overlap(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    return len(short) >= _SHORTEST_OVERLAP and (long.startswith(short) or long.endswith(short))


def byte_count(count: int) -> str:
    """Write a number of bytes with a unit in which it says something.

    Example:
        >>> byte_count(300), byte_count(43_008), byte_count(170_498_071)
        ('300 bytes', '43 kB', '170 MB')
    """
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return f"{count / unit:,.{1 if count < 10 * unit else 0}f}".removesuffix(".0") + f" {name}"
    return f"{count:,} bytes"


def count(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun.

    Example:
        >>> count(1, "run"), count(12_000, "image"), count(2, "class", "classes")
        ('1 run', '12,000 images', '2 classes')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(words: Iterable[str], last: str = "and") -> str:
    """Join words as in a sentence: `a, b and c`."""
    *first, end = words
    return f"{', '.join(first)} {last} {end}" if first else end


def written(value: object) -> str:
    """Write a value as a study file would, cut short if it is long."""
    match value:
        case bool():
            text = str(value).lower()
        case str():
            text = json.dumps(value, ensure_ascii=not value.isprintable())
        case Mapping():
            text = "{" + ",".join(f" {key} = {written(entry)}" for key, entry in value.items()) + " }"
        case list() | tuple():
            text = "[" + ", ".join(written(entry) for entry in value) + "]"
        case _:
            text = str(value) if isinstance(value, int | float) else repr(value)
    return text if len(text) <= _VALUE_LENGTH else text[: _VALUE_LENGTH - 3] + "..."
