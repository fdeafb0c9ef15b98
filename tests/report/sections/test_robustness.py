import pytest

from ceteris.analysis.study_analysis import analyze
from ceteris.report.sections.robustness import section
from ceteris.results.results import read_results
from tests.made_up import VARIATIONS, made_up_folder, made_up_study


def rows_of(analysis):
    """Give the cells of the table by the name of their row."""
    (table,) = section(analysis).blocks
    return {row[0].text: [cell.plain for cell in row[1:]] for row in table.rows}


def test_checks_stand_beside_each_other(analyses):
    """Eight runs are too few for the test of ranks, not for trimmed means and curves; a diverged variation has none."""
    assert rows_of(analyses("complete")) == {
        "deeper": ["100 %", "+5.63 pp (+4.26 to +6.99 pp; p < 0.0001)", "above in epochs 1 to 5 (p = 0.0078)"],
        "shallow": [
            "0 %",
            "\N{MINUS SIGN}8.08 pp (\N{MINUS SIGN}9.29 to \N{MINUS SIGN}6.88 pp; p < 0.0001)",
            "below in epochs 1 to 5 (p = 0.0078)",
        ],
        "tanh": ["53 %", "\N{MINUS SIGN}0.04 pp (\N{MINUS SIGN}0.95 to +0.86 pp; p = 0.92)", "no epoch (p = 0.70)"],
        "noisy": ["38 %", "\N{MINUS SIGN}0.50 pp (\N{MINUS SIGN}10.04 to +9.04 pp; p = 0.90)", "no epoch (p = 0.64)"],
    }
    assert rows_of(analyses("one seed"))["deeper"] == ["100 %", "+4.75 pp", "\N{EN DASH}"]
    assert list(rows_of(analyses("a variation diverged"))) == ["shallow"]


def test_ten_runs_of_each_arm_are_enough_for_ranks(tmp_path):
    """The probability of superiority then has its interval and p-value; a diverged run ranks last."""
    study = made_up_study(seeds=10, variation=VARIATIONS[3:])
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study, became={("noisy", 3): "diverged"})))

    assert rows_of(analysis)["noisy"][0] == "32 % (0 to 66 %; p = 0.27)"


def test_checks_are_called_what_they_are(analyses):
    """The note says that they decide nothing, and how collapsed runs count."""
    (table,) = section(analyses("complete")).blocks

    assert table.notes == (
        (
            "Checks, not verdicts: they are not adjusted for the number of variations, and decide nothing. Runs that "
            "did no better than chance count too, with what they scored, except in learning curves: these differences "
            "are of all runs, those of the verdicts of runs that learned."
        ),
    )


@pytest.mark.parametrize("state", ["empty", "all diverged", "no variations", "baseline missing"])
def test_without_two_arms_there_is_no_such_section(analyses, state):
    """Arms to come, diverged ones and a baseline alone have nothing to compare."""
    assert section(analyses(state)) is None
