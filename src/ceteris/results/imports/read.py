"""Reads runs from wherever they are: a file, a folder, or standard input."""

import sys
from pathlib import Path
from typing import BinaryIO

from ceteris.errors import ResultsError, reason
from ceteris.paths import AnyPath, expanded
from ceteris.results.imports.delimited import read_delimited
from ceteris.results.imports.outcomes import Columns, Outcomes

STANDARD_INPUT = "-"


def read_outcomes(source: AnyPath, columns: Columns | None = None, *, stdin: BinaryIO | None = None) -> Outcomes:
    """Read the runs of somebody's experiment, and change nothing where they are.

    Args:
        source: A file or folder; `-` is standard input.
        columns: What the user says of columns; what they do not say is recognised by usual names.
        stdin: What standard input is; that of this process unless given.

    Raises:
        ResultsError: If there is nothing that can be read, or several columns fit: the message names the option that
            decides.
    """
    columns = columns or Columns()
    if source == STANDARD_INPUT:
        return read_delimited((stdin or sys.stdin.buffer).read(), "standard input", columns)
    path = expanded(source, error=ResultsError)
    return read_delimited(_content(path), path.name, columns)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ResultsError(f"{path}: the file cannot be read: {reason(error)}.") from None
