from dataclasses import replace

import pytest

from ceteris.report.footnotes import footnotes
from ceteris.report.markdown import render_markdown
from ceteris.report.report import write_report
from ceteris.report.verdict_table import verdict_table
from ceteris.statistics.comparison import compare
from ceteris.statistics.scores import ArmScores, RunScore, Scores, Status

BY_CHANCE = (0.01, 0.03, 0.01, 0.03)  # alone p = 0.041; beside another one Holm makes 0.081 of it
NOTHING = (0.01, -0.01, 0.01, -0.01)


@pytest.fixture
def told(analyses):
    """Give the footnotes of a study whose variations differ from the baseline by so much, seed by seed."""

    def tell(**differences):
        baseline = arm("baseline", [0.5] * len(next(iter(differences.values()))))
        variations = tuple(arm(name, [0.5 + by for by in found]) for name, found in differences.items())
        analysis = analyses("official")
        compared = compare(Scores(baseline=baseline, variations=variations, chance=0.1), analysis.criteria)
        return footnotes(replace(analysis, comparisons=compared))

    return tell


def arm(name, accuracies):
    """Give an arm whose seeds have these accuracies."""
    runs = (RunScore(seed=seed, status=Status.FINISHED, test_accuracy=one) for seed, one in enumerate(accuracies))
    return ArmScores(name=name, factor="width", runs=tuple(runs))


def test_undecided_beside_an_interval_without_0_is_explained(told):
    """Verdicts are adjusted and intervals are not: said where that makes a difference."""
    assert told(wide=BY_CHANCE, tall=NOTHING) == (
        (
            "Each interval is of one difference by itself, and verdicts are adjusted (Holm) for all 2 variations: "
            "“wide” is undecided although the interval leaves out 0."
        ),
    )


def test_where_verdicts_and_intervals_agree_nothing_is_said(told):
    """A difference that is shown, one that is not, and one variation alone, for which nothing is adjusted."""
    assert told(wide=BY_CHANCE) == ()
    assert told(wide=(0.10, 0.11, 0.10, 0.11), tall=NOTHING) == ()


def test_what_has_no_spread_and_so_no_interval_is_explained(told):
    """With three equal differences the sign-flip test decides, and cannot go below 0.25."""
    assert told(wide=(0.25, 0.25, 0.25)) == (
        "Within “wide”, all seeds have the same accuracy: they show no spread, so that there is no interval.",
        (
            "The differences of “wide” are the same for every seed: they show no spread, so that there is no interval; "
            "the verdict rests on the sign-flip test."
        ),
    )


def test_practical_equality_beside_an_interval_beyond_the_margin_is_explained(told):
    """Two one-sided tests at 5 % go with the interval of 90 %."""
    assert told(wide=(0.012, 0.003, 0.012, 0.003)) == (
        (
            "Practical equality is judged by two one-sided tests, which go with 90 % intervals: “wide” is practically "
            "equal although the 95 % interval reaches beyond ±1.5 pp."
        ),
    )


def test_page_and_text_hold_the_footnotes(analyses, monkeypatch, folders, tmp_path):
    """Below the verdicts, on the page and in the text."""
    monkeypatch.setattr("ceteris.report.verdict_table.footnotes", lambda _: ("Mind this.",))
    assert "Mind this." in verdict_table(analyses("official")).notes

    report = write_report(folders("official"), out=tmp_path)

    assert "Mind this." in render_markdown(report.content)
    assert "Mind this." in report.page.read_text(encoding="utf-8")
