import sys

import pytest

from ceteris.errors import ResultsError
from ceteris.results.imports.read import read_outcomes


def test_parquet_is_read(tmp_path):
    """Null is a run without a result, not-a-number one that diverged."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet  # noqa: PLC0415 - an extra

    columns = {"model": ["a", "a", "b"], "seed": [0, 1, 0], "loss": [0.5, None, float("nan")]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "runs.parquet")

    found = read_outcomes(tmp_path / "runs.parquet")

    assert [(one.variation, one.seed, one.status, one.place) for one in found.outcomes] == [
        ("a", "0", "finished", "row 1"),
        ("a", "1", "failed", "row 2"),
        ("b", "0", "diverged", "row 3"),
    ]


def test_a_damaged_file_is_refused(tmp_path):
    """With what pyarrow says of it."""
    pytest.importorskip("pyarrow")
    (tmp_path / "runs.parquet").write_bytes(b"PAR1" + bytes(40))

    with pytest.raises(
        ResultsError, match=r"^runs.parquet: the Parquet file cannot be read \(.*\)\. Write it again\.$"
    ):
        read_outcomes(tmp_path / "runs.parquet")


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    """And how to do without."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "runs.parquet").write_bytes(b"PAR1")

    with pytest.raises(ResultsError) as error:
        read_outcomes(tmp_path / "runs.parquet")

    assert str(error.value) == (
        "runs.parquet: reading Parquet needs the package pyarrow, which is not installed. Install it with "
        "`pip install pyarrow`, or save the table as CSV."
    )
