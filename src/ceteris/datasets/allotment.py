"""Which pictures of a folder are set aside, when the folder does not say so itself."""

import hashlib
from collections.abc import Sequence
from fractions import Fraction


def allot(labels: Sequence[int], digests: Sequence[str], share: float, purpose: str) -> tuple[int, ...]:
    """Choose a share of the pictures of each class, by what is in the files.

    A picture's turn comes with the SHA-256 of purpose and content, so that the choice is the same for every run and on
    every machine, whatever the files are called, and one more picture moves few others. Copies of a picture within a
    class go together: none is learnt from while another is set aside.

    Args:
        labels: Class of each picture.
        digests: SHA-256 of each file, in hexadecimal.
        share: Of each class, in (0, 1); rounded to whole pictures, and at least one.
        purpose: What they are set aside for; another purpose chooses others.

    Returns:
        Places of the chosen pictures, rising. A class of which all would be chosen gives none.

    Example:
        >>> allot([0, 0, 0, 1, 1], ["aa", "bb", "cc", "dd", "ee"], 0.34, "test")
        (2, 4)
    """
    chosen: list[int] = []
    for label in set(labels):
        places = [place for place, its in enumerate(labels) if its == label]
        copies: dict[str, list[int]] = {}
        for place in places:
            copies.setdefault(digests[place], []).append(place)
        wanted = allotted(len(places), share)
        taken: list[int] = []
        for digest in sorted(copies, key=lambda digest: _turn(purpose, digest)):
            if not taken or len(taken) + len(copies[digest]) <= wanted:
                taken += copies[digest]
        if len(taken) < len(places):
            chosen += taken
    return tuple(sorted(chosen))


def allotted(count: int, share: float) -> int:
    """Say how many of the pictures of a class are set aside, where no two are copies."""
    return max(1, round(Fraction(str(share)) * count))  # 0.1 means a tenth, not the binary number next to it


def _turn(purpose: str, digest: str) -> bytes:
    return hashlib.sha256(f"ceteris/{purpose}/1/{digest}".encode()).digest()
