"""How far a run has come, as its folder tells."""

from enum import StrEnum


class Status(StrEnum):
    """What is in the folder of a run."""

    FINISHED = "finished"
    DIVERGED = "diverged"
    FAILED = "failed"
    UNFINISHED = "unfinished"
    MISSING = "missing"
    DAMAGED = "damaged"
    SKIPPED = "skipped"
