import re

import pytest

from ceteris.analysis.judge import judge
from ceteris.report.figures.drawing import Drawing
from ceteris.report.quantities import MINUS
from ceteris.report.sections.step_curves import section


def analysis(points, metric="acc", **options):
    """Judge runs that are given by arm and seed, each with its value at each step."""
    rows = [
        {"model": arm, "seed": seed, "epoch": step, metric: value}
        for (arm, seed), curve in points.items()
        for step, value in curve.items()
    ]
    return judge(rows, baseline="base", **options)


CURVES = {
    ("base", 1): {0: 0.2, 10: 0.4, 20: 0.6},
    ("base", 2): {0: 0.2, 10: 0.6, 20: 0.6},
    ("wide", 1): {0: 0.4, 10: 0.8, 15: "nan", 20: 0.8},
    ("wide", 2): {0: 0.2, 5: 0.8, 10: 0.8, 20: 0.8},
}


def test_curves_are_drawn_and_described():
    """A mean over runs where all of an arm have a number; the area is that of each run, over the steps of all."""
    found = section(analysis(CURVES))
    figure, table = found.blocks

    assert isinstance(figure, Drawing)
    assert figure.alt == (
        "Means over the runs that finished, with pointwise 95 % t intervals. base (2 runs): 20.00 % at step 0, 60.00 % "
        "at step 20. wide (2 runs): 30.00 % at step 0, 80.00 % at step 20."
    )
    assert table.title == "Area under the learning curve, steps 0 to 20"
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["base", "2", "45.00 %", "\N{EN DASH}"],
        ["wide", "2", "71.25 %", "+26.25 pp"],
    ]
    assert table.notes == (
        (
            "Curves are described, and not tested: verdicts are about the last value of each run. Lines are drawn "
            "where all runs of an arm have a value; between two steps of a run the area takes a straight line."
        ),
    )


def test_areas_are_over_the_steps_that_all_runs_reach():
    """A run that ends early shortens them for all; a loss keeps its unit and its sign."""
    losses = {("base", 1): {0: 4.0, 10: 2.0}, ("wide", 1): {0: 2.0, 20: 1.0}}
    (figure, table) = section(analysis(losses, metric="loss")).blocks

    assert table.title == "Area under the learning curve, steps 0 to 10"
    assert [row[2].text for row in table.rows] == ["3.0000", "1.7500"]
    assert table.rows[1][3].text == f"{MINUS}1.2500"
    assert "pointwise" not in re.sub(r"<[^>]*aria-label[^>]*>", "", figure.svg)


def test_steps_that_no_two_runs_share_make_no_line():
    """The areas are described all the same."""
    apart = {("base", 1): {0: 0.2, 10: 0.4}, ("base", 2): {1: 0.2, 11: 0.6}, ("wide", 1): {2: 0.5, 12: 0.5}}
    figure, table = section(analysis(apart)).blocks

    assert figure.alt.endswith("wide (1 run): 50.00 % at step 2, 50.00 % at step 12.")
    assert "base" not in figure.alt
    assert [row[2].text for row in table.rows] == ["36.00 %", "50.00 %"]


@pytest.mark.parametrize(
    "points",
    [
        {("base", 1): {1: 0.5}, ("base", 2): {1: 0.6}, ("wide", 1): {1: 0.5}},
        {("base", 1): {1: 0.5, 2: 0.6}, ("wide", 1): {2: 0.5}},
        {("base", 1): {1: 0.5, 2: 0.6}, ("wide", 1): {1: 0.5, 2: 0.6, 3: "nan"}},
    ],
    ids=["single values", "one arm with a curve", "diverged"],
)
def test_there_is_no_section_with_nothing_to_compare(points):
    """One value per run is no curve, and one arm is no comparison."""
    assert section(analysis(points)) is None
