"""What a reader must know before believing a number, with a code by which programs tell one warning from another."""

from collections.abc import Iterable
from enum import StrEnum, auto
from typing import Self

from ceteris.results.manifest import StudyNote


class WarningCode(StrEnum):
    """What a warning is about; names are kept for good, and new kinds get new ones."""

    NOTE = auto()
    BUILT_IN_IMAGES = auto()
    MODIFIED_IMAGES = auto()
    FEW_TEST_IMAGES = auto()
    MIXED_ENGINES = auto()
    OTHER_VERSIONS = auto()
    UNKNOWN_DECLARATIONS = auto()
    METRIC_CHANGED = auto()
    MARGIN_CHANGED = auto()
    TARGET_CHANGED = auto()
    SCOPE_CHANGED = auto()
    SEEDS_CHANGED = auto()
    ARMS_CHANGED = auto()
    VARIATIONS_CHANGED = auto()
    LABELS_UNREADABLE = auto()
    IN_TRAINING = auto()
    RUNS_FAILED = auto()
    RUNS_DAMAGED = auto()
    RUNS_UNFINISHED = auto()
    RUNS_MISSING = auto()
    SKIPPED = auto()
    DIVERGED = auto()
    FEATURES_BEFORE = auto()
    UNEQUAL_CLASSES = auto()
    AT_CHANCE = auto()
    CONFOUNDED = auto()
    ONE_RUN = auto()
    OTHER_TEST_IMAGES = auto()
    OTHER_METRIC = auto()
    OTHER_BITS = auto()
    FEW_RUNS = auto()
    COPIED_RUNS = auto()
    FIRST_LOOK = auto()


class CodedWarning(StudyNote):
    """A sentence or two with the code of what it is about, and the arms, if it is about some."""

    __slots__ = ("code",)
    code: WarningCode

    def __new__(cls, text: str, *, code: WarningCode = WarningCode.NOTE, arms: Iterable[str] = ()) -> Self:
        """Give the code, and name the arms; none if it is about all."""
        warning = super().__new__(cls, text, arms=arms)
        warning.code = code
        return warning


def code_of(warning: str) -> WarningCode:
    """Give the code of a warning; that of a note for any other text, as runs and data sets store it.

    Example:
        >>> code_of(CodedWarning("It diverged.", code=WarningCode.DIVERGED)).value, code_of("As it was run.").value
        ('diverged', 'note')
    """
    return warning.code if isinstance(warning, CodedWarning) else WarningCode.NOTE
