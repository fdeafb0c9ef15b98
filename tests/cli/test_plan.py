import math

import pytest

from ceteris.cli.estimate import Estimate
from ceteris.cli.plan import power, time_needed
from ceteris.statistics.power import detectable_difference

PLAN = """\
A miniature

9 runs: the baseline and 2 variations, 3 seeds each, on 6,600 training and 3,400 validation images
of shapes; tested on 10,000.
3 banks, each up to 4 runs that one core trains together, on the fake engine.

                                                                  para-  multiply-
factor         variation  what it changes                        meters       adds
               baseline                                             490        480
learning rate  0.5        learning rate 0.1 -> 0.5                  490        480
pooling        Pool 4x4   layer 1 (max pool 8): max pool 8 -> 4   1,930      1,920

What 3 seeds can show: a difference of {difference} standard deviations, with 80 % probability (paired t
test at 5 %, Holm's method over 2 variations). If the differences vary by 1 percentage point from
seed to seed, that is {difference} percentage points.

Time: about 13 s on 2 threads of this machine, at 1,000 images x models per second. Measured on
random images.
"""


@pytest.fixture(autouse=True)
def measured(monkeypatch):
    """Put a known speed in the place of the measurement."""
    monkeypatch.setattr("ceteris.cli.plan.estimate_time", lambda *_, **__: Estimate(seconds=13.0, speed=1000.0))


@pytest.mark.usefixtures("engine")
def test_the_plan_shows_all_there_is_to_know(ceteris, study_file):
    """Runs, banks, changes, sizes, what it can show, and how long it takes, in a whole."""
    code, out, err = ceteris("plan", study_file, "--threads", 2)

    assert (code, err) == (0, "")
    lines = "".join(f"{line.rstrip()}\n" for line in out.splitlines())
    assert lines == PLAN.format(difference=f"{detectable_difference(3, comparisons=2):.2f}")


@pytest.mark.usefixtures("engine")
def test_a_changed_study_is_said_to_be_one(ceteris, study_file):
    """Other seeds and epochs are named above everything."""
    _, out, _ = ceteris("plan", study_file, "--seeds", 4, "--epochs", 1)

    assert out.splitlines()[1:3] == [
        "note: This is a changed study: --seeds 4, where its file says 3 seeds.",
        "note: This is a changed study: --epochs 1, where its file says 3 epochs.",
    ]
    assert "12 runs: " in out


def test_what_seeds_can_show_is_said_for_any_number():
    """One seed shows nothing, one variation needs no correction, none leaves nothing to compare."""
    assert math.isinf(detectable_difference(1))
    assert power(1, 3) == ("One seed cannot show a difference: it has no error bars. Give at least 2 seeds, better 10.")
    assert "one variation)" in power(16, 1)
    assert "Holm's method over 14 variations" in power(16, 14)
    assert power(16, 0) == "There is nothing to compare the baseline with: the study has no variations."


def test_time_is_said_roughly():
    """Two figures, and what they rest on."""
    assert time_needed(Estimate(seconds=540.0, speed=41_234.5), 1) == (
        "Time: about 9 min on 1 thread of this machine, at 41,234 images x models per second. "
        "Measured on random images."
    )
