"""One variation with one seed, and the hash that names it."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from ceteris.study.specification import Specification

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
        specification = self.specification.model_dump(mode="json")
        if self.specification.data.is_folder:
            specification["data"]["name"] = "folder"  # it may move: `data` says what is in it
        facts = {"schema": SCHEMA, "seed": self.seed, "data": self.data_digest, "specification": specification}
        return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
