"""Columns as a data frame, of whichever library is there."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from ceteris.errors import ResultsError

LIBRARIES = ("pandas", "polars")


def data_frame(columns: Mapping[str, Sequence[object]]) -> Any:
    """Make a data frame of pandas, or of polars where pandas is not installed.

    Args:
        columns: By name, of equal length.

    Raises:
        ResultsError: If neither is installed.
    """
    for name in LIBRARIES:
        try:
            library = import_module(name)
        except ImportError:
            continue
        return library.DataFrame(dict(columns))
    raise ResultsError(
        "a data frame takes pandas or polars, and neither is installed. Install one of them, for example with `pip "
        "install pandas`."
    )
