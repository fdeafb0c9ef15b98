"""What a study trains: its arms, the baseline and each variation, and their runs, one per seed."""

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property

from ceteris.study.specification import Specification

BASELINE = "baseline"
"""Factor and name of the arm that all others are compared with."""

# Names that Windows keeps for devices, with any ending: https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_LONGEST = 60


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What is trained once per seed.

    Attributes:
        factor: What the variation is about; `baseline` for the baseline.
        name: Unique in the study; `baseline` for the baseline.
        specification: Data, network and training.
    """

    factor: str
    name: str
    specification: Specification


@cache  # every look at a run asks for it
def arm_folder(name: str) -> str:
    """Turn the name of an arm into the name of its folder: safe on every file system, and readable.

    Small letters, digits, dots and hyphens remain. Where letters are lost on the way, as in a Greek name, eight
    digits of the name's SHA-256 keep the folders of different names apart.

    Example:
        >>> arm_folder("leaky ReLU"), arm_folder("0.0004"), arm_folder("größer"), arm_folder("Οκτώ")
        ('leaky-relu', '0.0004', 'grosser', '37e2fc01')
    """
    plain = unicodedata.normalize("NFKD", name).casefold()
    spoken = "".join(letter for letter in plain if not unicodedata.combining(letter))
    slug = re.sub(r"[^a-z0-9.]+", "-", spoken).strip("-.")
    is_lossy = any(letter.isalnum() and not letter.isascii() for letter in spoken)
    if not slug or is_lossy or len(slug) > _LONGEST or _DEVICES.fullmatch(slug):
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        slug = f"{slug[:_LONGEST].rstrip('-.')}-{digest}".lstrip("-")
    return slug


SCHEMA = 1
"""Raised whenever the same specification would train differently, so that old results are not taken for new ones."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One network to train.

    Attributes:
        factor: What the variation is about, for example `depth`; the baseline's is `baseline`.
        variation: Its name, unique in the study; the baseline's is `baseline`.
        seed: Decides initial weights, order of the images, dropout and augmentation.
        specification: Everything else that decides the result, but for the images themselves.
        data_digest: SHA-256 of the records the run may look at, as `Dataset.digest` gives it.
    """

    factor: str
    variation: str
    seed: int
    specification: Specification
    data_digest: str

    @cached_property
    def digest(self) -> str:
        """SHA-256 of specification, seed and data, in hexadecimal: equal for runs that must give the same result."""
        specification = dict(self.specification.written)
        source = self.specification.data.source
        if source is not None and source.is_own:
            # It may move: `data` says what is in it.
            specification["data"] = specification["data"] | {"name": source.name}
        facts = {"schema": SCHEMA, "seed": self.seed, "data": self.data_digest, "specification": specification}
        return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
