"""Reads runs from wherever they are: a file, a folder, or standard input."""

import sys
from typing import BinaryIO

from ceteris.errors import ResultsError
from ceteris.formatting.wording import listed
from ceteris.paths import AnyPath, expanded
from ceteris.results.imports.delimited import DELIMITED
from ceteris.results.imports.event_files import EVENT_FILES
from ceteris.results.imports.given import Given, ImportKind
from ceteris.results.imports.imported_runs import Columns, ImportedRuns
from ceteris.results.imports.json_runs import JSON
from ceteris.results.imports.mlflow_store import MLFLOW_STORE
from ceteris.results.imports.own_folder import OWN_FOLDER
from ceteris.results.imports.parquet import PARQUET
from ceteris.results.imports.runs import outcomes_of_table
from ceteris.results.imports.wandb_runs import WANDB_RUNS

STANDARD_INPUT = "-"
KINDS: tuple[ImportKind, ...] = (OWN_FOLDER, MLFLOW_STORE, WANDB_RUNS, EVENT_FILES, PARQUET, JSON, DELIMITED)
"""In the order in which they are tried; any file may be delimited text."""

_REFUSED = {
    b"\x80\x02": "a Python pickle, which may run code when it is read",
    b"\x80\x03": "a Python pickle, which may run code when it is read",
    b"\x80\x04": "a Python pickle, which may run code when it is read",
    b"\x80\x05": "a Python pickle, which may run code when it is read",
    b"PK\x03\x04": "an archive or a spreadsheet (zip)",
    b"\x1f\x8b": "compressed (gzip)",
    b"\x28\xb5\x2f\xfd": "compressed (zstd)",
    b"%PDF": "a PDF document",
    b"\x93NUMPY": "an array of NumPy",
    b"\x89HDF": "an HDF5 file",
}


def read_outcomes(
    source: AnyPath, columns: Columns | None = None, *, kind: str | None = None, stdin: BinaryIO | None = None
) -> ImportedRuns:
    """Read the runs of somebody's experiment, and change nothing where they are.

    Args:
        source: A file or folder; `-` is standard input.
        columns: What the user says of columns; what they do not say is recognised by usual names.
        kind: Name of one of `KINDS`; recognised by the content unless given.
        stdin: What standard input is; that of this process unless given.

    Raises:
        ResultsError: If there is nothing that can be read, or several columns fit: the message names the option that
            decides.
    """
    if source == STANDARD_INPUT:
        given = Given("standard input", piped=(stdin or sys.stdin.buffer).read())
    else:
        path = expanded(source, error=ResultsError)
        given = Given(path.name or str(path), path)
    return outcomes_of_table(_kind(given, kind).table(given), columns or Columns())


def _kind(given: Given, name: str | None) -> ImportKind:
    kinds = {one.name: one for one in KINDS}
    if name is not None:
        if name not in kinds:
            raise ResultsError(f"--format '{name}' is not known. Choose {listed(kinds, 'or')}.")
        return kinds[name]
    for magic, what in _REFUSED.items():
        if given.head.startswith(magic):
            raise ResultsError(f"{given.name} is {what}. Save the table as CSV, JSON or Parquet.")
    fitting = [one for one in KINDS if one.fits(given)]
    if not fitting:
        raise ResultsError(
            f"{given.path} is a folder without results that are known here. Give a file, or a folder of ceteris, "
            "MLflow, Weights & Biases or TensorBoard."
        )
    if given.folder is not None and len(fitting) > 1 and fitting[0] is not OWN_FOLDER:
        found = [one.name for one in fitting]
        raise ResultsError(
            f"{given.path} holds results of {listed(found)}. Choose with --format, for example --format {found[0]}."
        )
    return fitting[0]
