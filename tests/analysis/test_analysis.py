import math
import sys
from types import SimpleNamespace

import pytest

from ceteris.analysis import analysis
from ceteris.analysis.frame import LIBRARIES
from ceteris.analysis.judge import judge
from ceteris.errors import ResultsError

LOSSES = {
    "arm": ["base"] * 3 + ["wide"] * 3 + ["one"],
    "seed": [0, 1, 2, 0, 1, 2, 0],
    "loss": [2.0, 2.02, 1.98, 1.0, 1.01, 0.99, 1.5],
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_analysis_becomes_a_data_frame(monkeypatch, library):
    """Of the library that is there: a row per arm, in the metric's own unit and sign, changes of ratios relative."""
    for name in LIBRARIES:
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(DataFrame=dict) if name == library else None)

    frame = judge(LOSSES, baseline="base", margin="2%").frame()

    assert frame["variation"] == ["base", "wide", "one"]
    assert frame["verdict"] == ["reference", "better", "undecided"]
    assert frame["learned"] == [3, 3, 1]
    assert frame["value"] == pytest.approx([2.0, 1.0, 1.5], abs=1e-3)
    assert frame["difference"][1:] == pytest.approx([-0.5, -0.25], abs=1e-3)
    assert frame["low"][1] < -0.5 < frame["high"][1] < -0.4
    assert [math.isnan(end) for end in frame["low"]] == [True, False, True]
    assert frame["p_adjusted"][1] < 0.05 < frame["p_equivalent"][1]


def test_a_data_frame_has_every_run_in_a_column(monkeypatch):
    """Those at chance are in no mean: without a column of theirs they would be gone, and so would what they show."""
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=dict))
    accuracies = {
        "arm": ["base"] * 8 + ["deep"] * 8,
        "seed": [*range(8)] * 2,
        "accuracy": [*(0.9 + seed / 1000 for seed in range(8)), *(0.1 for _ in range(7)), 0.9],
    }
    frame = judge(accuracies, baseline="base", chance=0.1).frame()

    assert [frame[kind] for kind in ("learned", "at_chance", "diverged", "failed")] == [[8, 1], [0, 7], [0, 0], [0, 0]]
    assert frame["collapse"] == ["", "collapses more often"]


def test_without_a_library_there_is_no_data_frame(monkeypatch):
    """One error says what to do."""
    for name in LIBRARIES:
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(ResultsError) as raised:
        judge(LOSSES, baseline="base").frame()
    assert str(raised.value) == (
        "a data frame takes pandas or polars, and neither is installed. Install one of them, for example with `pip "
        "install pandas`."
    )


def test_of_many_arms_the_best_and_the_worst_are_shown(monkeypatch):
    """In the order of the table, and it says of how many; arms without a value fill up what these leave."""
    values = {"base": 2.0, "a": 1.0, "b": 1.8, "c": 3.0, "d": 2.2, "e": 1.5}
    losses = {
        "arm": [name for name in values for _ in range(3)],
        "seed": [0, 1, 2] * len(values),
        "loss": [value + 0.01 * seed for value in values.values() for seed in range(3)],
    }
    found = judge(losses, baseline="base")

    assert len(found.shown) == 6
    assert found.left_out == ()
    monkeypatch.setattr(analysis, "MOST_SHOWN", 4)
    found = judge(losses, baseline="base")
    assert [one.name for one in found.shown_summaries] == ["base", "a", "c", "d", "e"]
    assert [one.variation for one in found.shown_comparisons] == ["a", "c", "d", "e"]
    assert found.left_out == (
        "4 of 5 variations are shown here, the best and the worst by loss; verdicts.json has all.",
    )
    monkeypatch.setattr(analysis, "MOST_SHOWN", 3)
    losses["status"] = ["diverged" if arm in "abcde" and arm != "d" else "finished" for arm in losses["arm"]]
    assert [one.name for one in judge(losses, baseline="base").shown_summaries] == ["base", "a", "b", "d"]


def test_of_many_arms_one_that_seldom_learns_is_shown(monkeypatch):
    """However good the runs are that did learn; the worst of the others take the places that are left."""
    values = {"base": 2.0, "a": 3.0, "b": 2.9, "c": 1.5, "d": 1.4, "seldom": 2.0, "e": 1.2, "f": 1.1}
    losses = {
        "arm": [name for name in values for _ in range(3)],
        "seed": [0, 1, 2] * len(values),
        "loss": [value + 0.01 * seed for value in values.values() for seed in range(3)],
        "status": ["diverged" if (arm, seed) == ("seldom", 1) else "finished" for arm in values for seed in range(3)],
    }
    monkeypatch.setattr(analysis, "MOST_SHOWN", 4)

    found = judge(losses, baseline="base")
    assert [one.name for one in found.shown_summaries] == ["base", "a", "seldom", "e", "f"]
    (note,) = found.left_out
    assert note == (
        "4 of 7 variations are shown here, the best and the worst by loss and those that most often did not learn; "
        "verdicts.json has all."
    )
