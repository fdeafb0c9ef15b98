"""`ceteris report` and `ceteris compare` come to the same decisions about the same runs."""

import re
import shutil

import pytest

from ceteris.analysis.comparison import compare_results
from ceteris.analysis.study_analysis import analyze
from ceteris.report.comparison.findings import findings
from ceteris.report.comparison.tables import accuracy_table, effect_table
from ceteris.report.sections.verdicts import UNCONFIRMED, verdict_table
from ceteris.report.wording import headline
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
        assert {one.variation: headline(one.verdict, one.collapse) for one in side.comparisons} == shown
    effects = effect_table(found)
    for name, in_a, in_b, *_ in effects.rows if effects else ():
        decision = re.split(r";| when", shown[name.text])[0]
        assert (in_a.detail, in_b.detail) == (decision, decision)
    not_compared = {name for name, decision in shown.items() if decision == Decision.NOT_COMPARED}
    assert not_compared.isdisjoint(row[0].text for row in (effects.rows if effects else ()))


@pytest.mark.parametrize(
    ("before", "after", "decision"),
    [
        ([DIVERGED] * 8, [DIVERGED] * 8, "not compared"),
        ([DIVERGED], [DIVERGED], "not compared"),
        ([DIVERGED] * 8, NOISE, "collapses less often"),
        (NOISE, [DIVERGED] * 8, "collapses more often"),
        (NOISE, [DIVERGED, DIVERGED, *[number + 9 for number in NOISE[:6]]], "better when it learns"),
        (
            [*NOISE * 2],
            [*[DIVERGED] * 10, *[number + 9 for number in NOISE[:6]]],
            "better when it learns; collapses more often",
        ),
        ([DIVERGED, *[None] * 7], [None, DIVERGED, *[None] * 6], "not compared"),
        ([DIVERGED, DIVERGED, *NOISE[2:]], [DIVERGED, DIVERGED, *[None] * 6], "not compared"),
        ([10] * 8, [DIVERGED] * 8, "not compared"),
        ([10] * 8, [10] * 8, "not compared"),
        ([10, 9, 8, 10, 10, 9, 9, 10], NOISE, "collapses less often"),
        (NOISE, [number + 5 for number in NOISE[::-1]], "better"),
        (NOISE, NOISE, "equivalent"),
        (NOISE, NOISE[::-1], "undecided"),
        (NOISE[:1], [60], "undecided"),
        (NOISE, [], "not compared"),
    ],
)
def test_both_decide_alike_about_two_arms(make_results, before, after, decision):
    """Two arms of one folder, or one arm of two folders: diverged, at chance, missing and sound runs count alike."""
    seeds = max(8, len(before))
    alone, both = made_study(seeds=seeds, variation=[]), made_study(seeds=seeds, variation=[SLOW])
    shown = reported(make_results("both", {"baseline": before, "slow": after}, study=both))
    first = make_results("first", {"baseline": before}, study=alone)
    second = make_results("second", {"baseline": after}, study=alone, weight=2.0)
    found = compare_results(first, second)
    (row,) = accuracy_table(found).rows

    assert shown == {"slow": decision}
    assert row[-1].text == decision


def test_runs_that_all_diverged_are_not_called_equivalent(make_results):
    """They have no accuracy: `compare` says that nothing can be compared, in the summary and in the table."""
    study = made_study(seeds=8, variation=[])
    first, second = (make_results(name, {"baseline": [DIVERGED] * 8}, study=study) for name in ("one", "two"))
    found = compare_results(first, second)
    (row,) = accuracy_table(found).rows

    assert (row[-1].text, row[-1].detail) == ("not compared", "no run that learned")
    assert findings(found)[-1] == "No run of the one arm learned in one of the folders: no accuracy to compare."
