"""Results folders of made-up studies, whose accuracies a test chooses."""

import pytest

from ceteris.report.comparison.comparison import compare_results
from tests.report.comparison.made import write_results


@pytest.fixture
def make_results(tmp_path, monkeypatch):
    """Write a results folder under a name; the rest is said at `write_results`."""
    monkeypatch.setattr("os.fsync", lambda _: None)  # thousands of files that no power cut threatens

    def make(name, right, **description):
        return write_results(tmp_path / name, right, **description)

    return make


@pytest.fixture
def compared(make_results):
    """Write two folders, each described by right answers and the keywords of `write_results`, and compare them."""

    def compare(first, second):
        (one, one_more), (other, other_more) = first, second
        return compare_results(make_results("one", one, **one_more), make_results("two", other, **other_more))

    return compare
