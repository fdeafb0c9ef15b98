"""`ceteris report` and `ceteris compare` come to the same decisions about the same runs."""

import shutil

import pytest

from ceteris.analysis.comparison import compare_results
from ceteris.analysis.study_analysis import analyze
from ceteris.report.comparison.findings import findings
from ceteris.report.comparison.tables import accuracy_table, effect_table
from ceteris.report.sections.verdicts import UNCONFIRMED, verdict_table
from ceteris.results.results import read_results
from ceteris.statistics.verdict import Decision
from tests.made_results import DIVERGED, made_study

SLOW = {"factor": "rate", "name": "slow", "set": {"training.learning_rate": 0.01}}
NOISE = [50, 52, 49, 51, 53, 48, 50, 51]


def reported(folder):
    """Give the decisions that the report of a folder shows, by variation."""
    _, *rows = verdict_table(analyze(read_results(folder))).rows
    return {row[0].text: row[6].text.removesuffix(UNCONFIRMED) for row in rows}


def test_both_decide_alike_about_the_variations_of_a_folder(folders, state, tmp_path):
    """In every state that a folder may be in; compared with its copy, no decision is another."""
    folder = folders(state)
    found = compare_results(folder, shutil.copytree(folder, tmp_path / "copy"))
    shown = reported(folder)
    for _, side in found.sides:
        assert {one.variation: str(one.verdict.decision) for one in side.comparisons} == shown
    effects = effect_table(found)
    for name, in_a, in_b, *_ in effects.rows if effects else ():
        assert (in_a.detail, in_b.detail) == (shown[name.text], shown[name.text])
    not_compared = {name for name, decision in shown.items() if decision == Decision.NOT_COMPARED}
    assert not_compared.isdisjoint(row[0].text for row in (effects.rows if effects else ()))


@pytest.mark.parametrize(
    ("before", "after", "decision"),
    [
        ([DIVERGED] * 8, [DIVERGED] * 8, "not compared"),
        ([DIVERGED], [DIVERGED], "not compared"),
        ([DIVERGED] * 8, NOISE, "better"),
        (NOISE, [DIVERGED] * 8, "worse"),
        ([DIVERGED, *[None] * 7], [None, DIVERGED, *[None] * 6], "not compared"),
        ([DIVERGED, DIVERGED, *NOISE[2:]], [DIVERGED, DIVERGED, *[None] * 6], "not compared"),
        ([10] * 8, [DIVERGED] * 8, "equivalent"),
        ([10] * 8, [10] * 8, "equivalent"),
        ([10] * 2, [10] * 2, "undecided"),
        ([10, 9, 8, 12, 10, 11, 9, 10], [9, 12, 10, 8, 11, 10, 12, 9], "undecided"),
        ([10, 9, 8, 12, 10, 11, 9, 10], NOISE, "better"),
        (NOISE, [number + 5 for number in NOISE[::-1]], "better"),
        (NOISE, NOISE, "equivalent"),
        (NOISE, NOISE[::-1], "undecided"),
        (NOISE[:1], [60], "undecided"),
        (NOISE, [], "not compared"),
    ],
)
def test_both_decide_alike_about_two_arms(make_results, before, after, decision):
    """Two arms of one folder, or one arm of two folders: diverged, at chance, missing and sound runs count alike."""
    alone, both = made_study(seeds=8, variation=[]), made_study(seeds=8, variation=[SLOW])
    shown = reported(make_results("both", {"baseline": before, "slow": after}, study=both))
    first = make_results("first", {"baseline": before}, study=alone)
    second = make_results("second", {"baseline": after}, study=alone, weight=2.0)
    found = compare_results(first, second)
    (row,) = accuracy_table(found).rows

    assert shown == {"slow": decision}
    assert row[-1].text == decision


def test_runs_that_all_diverged_are_not_called_equivalent(make_results):
    """Their chance levels are imputed: `compare` says that nothing can be compared, in the summary and in the table."""
    study = made_study(seeds=8, variation=[])
    first, second = (make_results(name, {"baseline": [DIVERGED] * 8}, study=study) for name in ("one", "two"))
    found = compare_results(first, second)
    (row,) = accuracy_table(found).rows

    assert (row[-1].text, row[-1].detail) == ("not compared", "every run diverged")
    assert findings(found)[-1] == "Every run of the one arm diverged in A and B, and nothing can be compared."
