"""What a reader must know before believing a number, with a code by which programs tell one warning from another."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Self

from ceteris.results.manifest import StudyNote


class WarningCode(StrEnum):
    """What a warning is about; names are kept for good, and new kinds get new ones."""

    NOTE = "note"
    BUILT_IN_IMAGES = "built_in_images"
    MODIFIED_IMAGES = "modified_images"
    FEW_TEST_IMAGES = "few_test_images"
    MIXED_ENGINES = "mixed_engines"
    OTHER_VERSIONS = "runs_of_other_versions"
    UNKNOWN_DECLARATIONS = "unknown_declarations"
    METRIC_CHANGED = "metric_changed"
    MARGIN_CHANGED = "margin_changed"
    TARGET_CHANGED = "target_changed"
    SCOPE_CHANGED = "scope_changed"
    SEEDS_CHANGED = "seeds_changed"
    ARMS_CHANGED = "arms_changed"
    VARIATIONS_CHANGED = "variations_changed"
    LABELS_UNREADABLE = "labels_unreadable"
    IN_TRAINING = "in_training"
    NOT_AT_AN_END = "runs_not_at_an_end"
    SKIPPED = "skipped"
    DIVERGED = "diverged"
    FEATURES_BEFORE = "features_not_in_the_times"
    UNEQUAL_CLASSES = "unequal_classes"
    AT_CHANCE = "at_chance"


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
