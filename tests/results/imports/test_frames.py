import math

import numpy as np
import pytest

from ceteris.errors import ResultsError
from ceteris.results.imports.frames import outcomes_of
from ceteris.results.imports.imported_runs import Columns

COLUMNS = {"model": ["a", "a", "b"], "seed": [0, 1, 0], "accuracy": [0.5, 0.75, math.nan], "lr": [0.1, 0.1, 0.2]}
RUNS = [("a", "0", "finished", "0.1"), ("a", "1", "finished", "0.1"), ("b", "0", "diverged", "0.2")]


def in_short(outcomes):
    """Give what the tests compare."""
    return [(one.variation, one.seed, one.status, one.settings["lr"]) for one in outcomes.outcomes]


def test_columns_and_records_are_tables():
    """Lists, arrays, and a mapping per run."""
    records = [dict(zip(COLUMNS, cells, strict=True)) for cells in zip(*COLUMNS.values(), strict=True)]

    assert in_short(outcomes_of(COLUMNS)) == RUNS
    assert in_short(outcomes_of({name: np.array(cells) for name, cells in COLUMNS.items()})) == RUNS
    assert in_short(outcomes_of(records)) == RUNS


def test_pandas_frames_are_tables():
    """An index with names is read; columns may be seeds; a missing value is a run without a result."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(COLUMNS)

    assert in_short(outcomes_of(frame)) == RUNS
    assert in_short(outcomes_of(frame.set_index(["model", "seed"]))) == RUNS
    wide = frame.pivot_table(index="model", columns="seed", values="accuracy")
    found = outcomes_of(wide, Columns(metric="accuracy"))
    assert [(one.variation, one.seed, one.value) for one in found.outcomes] == [("a", "0", 0.5), ("a", "1", 0.75)]
    frame["accuracy"] = frame["accuracy"].astype("Float64").mask(frame["seed"] == 1)
    assert [one.status for one in outcomes_of(frame).outcomes] == ["finished", "failed", "failed"]


def test_polars_frames_are_tables():
    """Null is a run without a result."""
    polars = pytest.importorskip("polars")

    assert in_short(outcomes_of(polars.DataFrame(COLUMNS))) == RUNS
    frame = polars.DataFrame({**COLUMNS, "accuracy": [0.5, None, math.nan]})
    assert [one.status for one in outcomes_of(frame).outcomes] == ["finished", "failed", "diverged"]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (
            "runs.csv",
            (
                "the table is of type str, expected a data frame of pandas or polars, a dict of columns or a list of "
                "records. To read a file, give its path to read_outcomes."
            ),
        ),
        (
            {"model": ["a", "b"], "accuracy": [1]},
            "the table: column 'accuracy' has 1 value, and others have 2. Give every column one value per run.",
        ),
    ],
    ids=["a path", "ragged"],
)
def test_what_is_no_table_is_refused(table, says):
    """In a sentence or two."""
    with pytest.raises(ResultsError) as error:
        outcomes_of(table)

    assert str(error.value) == says
