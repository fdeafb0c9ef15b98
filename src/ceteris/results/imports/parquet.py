"""Tables in Parquet files."""

from io import BytesIO
from typing import Any

from ceteris.errors import ResultsError
from ceteris.results.imports.given import Given, ImportKind
from ceteris.results.imports.records import table_of_columns
from ceteris.results.imports.table import Table

_MAGIC = b"PAR1"


def parquet_table(given: Given) -> Table:
    """Read a Parquet file.

    Raises:
        ResultsError: If pyarrow is not installed, or the file is damaged.
    """
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 - an extra
    except ImportError:
        raise ResultsError(
            f"{given.name}: reading Parquet needs the package pyarrow, which is not installed. Install it with "
            "`pip install pyarrow`, or save the table as CSV."
        ) from None
    try:
        table: Any = parquet.ParquetFile(BytesIO(given.content())).read(use_threads=False)
    except (ArrowException, OSError, ValueError) as error:
        what = str(error).splitlines()[0].rstrip(".")
        raise ResultsError(f"{given.name}: the Parquet file cannot be read ({what}). Write it again.") from None
    columns = {str(name): column.to_pylist() for name, column in zip(table.column_names, table.columns, strict=True)}
    if len(columns) < len(table.column_names):
        raise ResultsError(f"{given.name}: two columns have the same name. Rename one of them.")
    if not columns or not table.num_rows:
        raise ResultsError(f"{given.name} has no rows. Expected one row per run.")
    return table_of_columns(columns, given.name)


PARQUET = ImportKind(name="parquet", fits=lambda given: given.head.startswith(_MAGIC), table=parquet_table)
