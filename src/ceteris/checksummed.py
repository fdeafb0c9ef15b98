"""JSON that ends with a digest of itself, so that no change to it goes unnoticed; and what a changed file is called."""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class DamagedError(Exception):
    """A file is not what ceteris wrote; the message says why, as the end of a sentence that begins with its name.

    Not for users: the reader of a results folder catches it and lists the file as a `Damage`.
    """


class LaterFormatError(Exception):
    """A file is of a later version of ceteris: not damaged, and not to be moved or guessed at."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"has format {found}, and this ceteris reads up to {known}. Install a later version.")


@dataclass(frozen=True, kw_only=True)
class Damage:
    """One damaged file.

    Attributes:
        file: Its name in the folder of its run.
        reason: What is wrong with it: `is cut short or was changed: its seal does not match`.
    """

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file} {self.reason}"


FORMAT = 1
"""Raised when the meaning of a stored file changes, so that an older ceteris does not misread it."""

_SEALED = re.compile(rb'(\{.*),\n "seal": "([0-9a-f]{64})"\n\}\n', re.DOTALL)


def seal(facts: Mapping[str, object]) -> bytes:
    """Write facts as canonical JSON: sorted keys, shortest exact numbers, and at the end a SHA-256 of all of it.

    Args:
        facts: What JSON can hold; a float that is not finite must be None already (see `finite`).

    Example:
        >>> print(seal({"seed": 7}).decode())
        {
         "format": 1,
         "seed": 7,
         "seal": "e702ef3066febdcbaf1a785dba804b0ef38685860c5a1b304efd80867acd4eec"
        }
        <BLANKLINE>
    """
    text = json.dumps({"format": FORMAT, **facts}, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    body = text.removesuffix("\n}").encode()
    return body + f',\n "seal": "{hashlib.sha256(body).hexdigest()}"\n}}\n'.encode()


def unseal(content: bytes) -> dict[str, Any]:
    """Read what `seal` wrote.

    Raises:
        DamagedError: If a single bit differs from what was written.
        LaterFormatError: If a later version of ceteris wrote it.
    """
    match = _SEALED.fullmatch(content)
    if match is None:
        raise DamagedError("is cut short, or was not written by ceteris")
    if hashlib.sha256(match[1]).hexdigest().encode() != match[2]:
        raise DamagedError("was changed after it was written: its seal does not match")
    facts: dict[str, Any] = json.loads(content)
    if facts["format"] > FORMAT:
        raise LaterFormatError(facts["format"], FORMAT)
    return facts


def check_digest(content: bytes, digest: str) -> None:
    """Compare the content of a file with the SHA-256 that is kept elsewhere, in hexadecimal.

    Raises:
        DamagedError: If they differ.
    """
    if hashlib.sha256(content).hexdigest() != digest:
        raise DamagedError("was changed after it was written: its SHA-256 does not match")


def finite(value: float | None) -> float | None:
    """Give a float that JSON can hold: Python's own type, and None for what is not a finite number."""
    return None if value is None or not math.isfinite(value) else float(value)
