"""What is wrong with a file that is not as it was written."""

from dataclasses import dataclass


class DamagedError(Exception):
    """A file is not what ceteris wrote; the message says why, as the end of a sentence that begins with its name.

    Not for users: the reader of a results folder catches it and lists the file as a `Damage`.
    """


class LaterFormatError(Exception):
    """A file is of a later version of ceteris: no damage, which would be set aside, and nothing to guess at either."""

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
