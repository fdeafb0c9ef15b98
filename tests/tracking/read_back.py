"""Compares what a tracker was given with what is read from it."""

import pytest

from ceteris.results.imports.imported_runs import Columns
from ceteris.results.imports.read import read_outcomes


def assert_read_back(written, results, *, rel=0.0, seeds=None):
    """Hold that the runs of a tracker are those of the results folder that came to their end, with equal values."""
    columns = Columns(metric="test/accuracy")
    found = {(one.variation, one.seed): one for one in read_outcomes(written, columns).outcomes}
    ours = {(one.variation, one.seed): one for one in read_outcomes(results.folder.path).outcomes}
    ended = {key for key, one in ours.items() if one.status != "failed"}

    assert found.keys() == (ended if seeds is None else seeds)
    for key, one in found.items():
        assert one.status == ours[key].status
        assert one.value == pytest.approx(ours[key].value, rel=rel, abs=0, nan_ok=True)
        assert one.settings["training.learning_rate"] == ours[key].settings["training.learning_rate"]
