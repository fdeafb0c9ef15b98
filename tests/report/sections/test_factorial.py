from types import SimpleNamespace

import numpy as np
import pytest

from ceteris.report.figures.style import INK
from ceteris.report.quantities import MINUS
from ceteris.report.sections import factorial as module
from ceteris.report.sections.factorial import (
    cell_table,
    effect_table,
    interactions,
    method,
    section,
    sentences,
    summary,
)
from ceteris.report.sections.methods import methods
from ceteris.statistics.interval import Interval


@pytest.fixture
def one(analyses):
    """Give a cross of two factors; two runs of one combination did not learn."""
    return analyses("crossed").factorials[0]


def test_a_study_without_crosses_has_no_section(analyses):
    """The others have one."""
    assert section(analyses("complete")) is None
    assert section(analyses("crossed")).heading == "Crossed factors"


def test_the_sentences_say_what_was_found(one):
    """What was crossed, each finding with its interval, and how many runs did not learn."""
    assert [text.replace(MINUS, "-") for text in sentences(one)] == [
        (
            "“depth x activation” crosses depth (baseline or deeper) and activation (baseline or "
            "tanh), 4 combinations of levels."
        ),
        (
            "Of the 3 main effects and interactions of the cross “depth x activation”, 3 were shown to"
            " differ from 0: “deeper” with “tanh” (-5.60 pp), “deeper” (+3.07 pp) and “tanh” (-2.59 "
            "pp)."
        ),
        (
            "On these test images, averaged over seeds and the levels of activation, “deeper” in place"
            " of “baseline” (depth) raises test accuracy by 3.07 pp (simultaneous 95 % interval +1.97 "
            "to +4.17 pp, p = 0.00091 after Holm's adjustment)."
        ),
        (
            "On these test images, averaged over seeds and the levels of depth, “tanh” in place of "
            "“baseline” (activation) lowers test accuracy by 2.59 pp (simultaneous 95 % interval -3.99"
            " to -1.19 pp, p = 0.0022 after Holm's adjustment)."
        ),
        (
            "On these test images, averaged over seeds, “tanh” in place of “baseline” (activation) changes test "
            "accuracy by +0.21 pp with “baseline” and by -5.40 pp with “deeper” (depth): 5.6 pp less (simultaneous "
            "95 % interval -8.35 to -2.85 pp, p = 0.0022 after Holm's adjustment), which an average of the two hides."
        ),
        (
            "2 runs diverged or ended no better than chance: “deeper, tanh” (2 of 6). Effects are of "
            "runs that learned, and say nothing about how often runs learn."
        ),
    ]


def test_nothing_found_is_no_sign_that_there_is_nothing(one):
    """Effects that were not shown are counted as undecided, those that were not estimated are named."""
    open_ = [
        SimpleNamespace(**vars(effect) | {"p_value_adjusted": 0.4, "is_interaction": effect.is_interaction})
        for effect in one.effects[:2]
    ]
    absent = SimpleNamespace(**vars(one.effects[2]) | {"found": None, "p_value_adjusted": None, "is_interaction": True})
    said = list(sentences(SimpleNamespace(**vars(one) | {"effects": (*open_, absent), "names": one.names})))

    assert said[1:4] == [
        "None of the 3 main effects and interactions of the cross “depth x activation” was shown to differ from 0.",
        (
            "2 effects are undecided, which is no sign that there is none: the intervals in the table "
            "say which sizes remain possible."
        ),
        "Not estimated, because a combination has no run that learned: “deeper” with “tanh”.",
    ]


def test_one_seed_shows_nothing(analyses):
    """Estimates stand in the table, without intervals."""
    (one,) = analyses("crossed, one seed").factorials
    rows = [[cell.text for cell in row] for row in effect_table(one, "crossed").rows]

    assert summary(one) == (
        "None of the 3 main effects and interactions of the cross “depth x activation” has error bars, so "
        "that none can be shown to differ from 0."
    )
    assert {tuple(row[2:]) for row in rows} == {("", "", "no error bars")}


def test_a_combination_without_a_run_that_learned_shows_nothing(analyses):
    """All effects rest on it: they are named, and the table says that they are not estimated."""
    (one,) = analyses("crossed, empty").factorials

    assert list(sentences(one))[1:3] == [
        (
            "None of the 3 main effects and interactions of the cross “depth x activation” can be "
            "estimated yet, so that none can be shown to differ from 0."
        ),
        "Not estimated, because a combination has no run that learned: “deeper”, “tanh” and “deeper” with “tanh”.",
    ]
    assert [row[-1].text for row in effect_table(one, "crossed").rows] == ["not estimated"] * 3


def test_the_table_has_a_row_for_each_effect(one):
    """Estimate, simultaneous interval, p-value and finding."""
    table = effect_table(one, "crossed")

    assert [[cell.plain.replace(MINUS, "-") for cell in row] for row in table.rows] == [
        ["“deeper” (depth, against baseline)", "+3.07", "+1.97 to +4.17", "0.00091", "higher"],
        ["“tanh” (activation, against baseline)", "-2.59", "-3.99 to -1.19", "0.0022", "lower"],
        [
            "“deeper” with “tanh” (depth x activation, against baseline and baseline)",
            *("-5.60", "-8.35 to -2.85", "0.0022", "less together"),
        ],
    ]
    assert table.notes[2] == (
        "The 3 effects are one family: p-values by Holm's method, intervals of level 98.3 % each. These "
        "tests are apart from those of variations and other crosses."
    )


def test_the_methods_of_a_paper_say_how(analyses, one):
    """What the effects are, and the notes of their table."""
    assert method(one) == " ".join(
        (
            "The cross “depth x activation” has 3 main effects and two-factor interactions.",
            *effect_table(one, "crossed").notes,
        )
    )
    assert method(one) in methods(analyses("crossed"))


def test_every_combination_says_how_many_runs_did_not_learn(one):
    """With the exact interval of the rate."""
    rows = {row[0].text: [cell.plain for cell in row[1:]] for row in cell_table(one, "cells").rows}

    assert rows["deeper, tanh"][3:] == ["2 of 6 (4 to 78 %)", "6"]
    assert rows["baseline"][2:] == ["50.21 % (49.34 to 51.08 %)", "0 of 6 (0 to 46 %)", "6"]


def test_each_two_factors_have_a_panel(drawn, analyses):
    """Two beside each other, on one scale; a line for each level of the second, the baseline's in ink."""
    figures = drawn(module)
    _, three = analyses("crossed").factorials
    interactions(three)
    panels = figures[-1].axes
    lines = [line for line in panels[1].lines if line.get_marker() != "_"]

    assert [axes.get_xlabel() for axes in panels] == ["depth", "depth", "norm"]
    assert len({axes.get_ylim() for axes in panels}) == 1
    assert [line.get_color() == INK for line in lines] == [True, False, False]
    expected = [100 * three.mean((0, 2), (level, 0)).estimate for level in range(2)]
    np.testing.assert_allclose(lines[0].get_ydata(), expected)


def test_bars_are_intervals_of_the_means(drawn, one):
    """From end to end, in per cent."""
    figures = drawn(module)
    interactions(one)
    bars = [line for line in figures[-1].axes[0].lines if line.get_marker() == "_"]
    mean = one.mean((0, 1), (0, 0))

    assert isinstance(mean, Interval)
    np.testing.assert_allclose(bars[0].get_ydata(), [100 * mean.low, 100 * mean.high])
    assert len(bars) == 4


def test_the_words_say_every_mean(one, analyses):
    """Whoever cannot see the picture is told the same, and where there is nothing to see."""
    (empty,) = analyses("crossed, empty").factorials

    assert interactions(one).alt == (
        "Mean test accuracy of runs that learned, with 95 % intervals. activation by depth: 50.2 % [49.3, 51.1] with "
        "baseline and baseline, 50.4 % [49.4, 51.4] with baseline and tanh, 56.1 % [54.6, 57.5] with deeper and "
        "baseline, 50.7 % [48.3, 53.1] with deeper and tanh."
    )
    assert interactions(empty).alt.endswith("no run that learned in some combination with deeper and tanh.")
