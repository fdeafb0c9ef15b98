import math
import sys
from types import SimpleNamespace

import pytest

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
