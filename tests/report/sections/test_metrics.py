import numpy as np
import pytest

from ceteris.report.sections.metrics import section
from ceteris.results.results import read_results
from ceteris.statistics.metrics import METRICS

OTHERS = [name for name in METRICS if name != "test accuracy"]


def table_of(analysis):
    """Give the table of the section."""
    (table,) = section(analysis).blocks
    return table


def test_other_metrics_stand_beside_each_other_with_spread_and_difference(analyses):
    """Each in its unit, the baseline without a difference; columns say which end is better and what chance gives."""
    analysis = analyses("complete")
    table = table_of(analysis)
    rows = {row[0].text: [cell.plain for cell in row[1:]] for row in table.rows}

    assert [column.title for column in table.columns] == [
        "variation",
        "runs",
        "balanced accuracy",
        "macro F1",
        "negative log likelihood (nats)",
        "expected calibration error",
        "Brier score",
    ]
    assert rows["baseline"][1:] == [
        "50.31 % (sd 0.80 pp)",
        "50.35 % (sd 0.80 pp)",
        "1.8694 (sd 0.0243)",
        "19.71 % (sd 0.80 pp)",
        "0.7626 (sd 0.0107)",
    ]
    assert rows["deeper"][1:] == [
        "56.06 % (sd 1.28 pp; +5.75 pp, +5.18 to +6.32 pp)",
        "56.09 % (sd 1.24 pp; +5.73 pp, +5.20 to +6.27 pp)",
        "1.6943 (sd 0.0390; \N{MINUS SIGN}0.1751, \N{MINUS SIGN}0.1924 to \N{MINUS SIGN}0.1577)",
        "13.96 % (sd 1.28 pp; \N{MINUS SIGN}5.75 pp, \N{MINUS SIGN}6.32 to \N{MINUS SIGN}5.18 pp)",
        "0.6859 (sd 0.0171; \N{MINUS SIGN}0.0767, \N{MINUS SIGN}0.0843 to \N{MINUS SIGN}0.0691)",
    ]
    assert table.columns[2].meaning == (
        "The mean over the classes of the test images of the share of their images classified correctly. Higher is "
        "better; the chance level is 10.00 %."
    )
    assert table.columns[5].meaning.endswith(" Lower is better.")
    assert table.notes == (
        (
            "Means over the runs that learned. Below each stands the standard deviation (sd) over seeds, and for a "
            "variation its difference from the baseline with the 95 % interval of this one difference."
        ),
        (
            "These differences are described and not tested: no verdict rests on them, and among so many intervals "
            "some leave out 0 by chance."
        ),
        "Probabilities are stored in half precision, with three significant digits.",
    )


def test_the_numbers_are_those_of_the_stored_predictions(folders, analyses):
    """Read again run by run, without the analysis."""
    results, table = read_results(folders("complete")), table_of(analyses("complete"))
    keys = {row[0].text: [cell.key for cell in row[2:]] for row in table.rows}
    labels = results.labels()
    for arm, shown in keys.items():
        runs = [results.predictions(one.run) for one in results.findings if one.run.variation == arm]
        for name, key in zip(OTHERS, shown, strict=True):
            assert key == pytest.approx(np.mean([METRICS[name].of(run, labels) for run in runs]))


def test_only_runs_that_learned_count(analyses):
    """A diverged run has no predictions, and one at the chance level would say something of another kind of run."""
    rows = {row[0].text: row for row in table_of(analyses("some troubles")).rows}

    assert {name: row[1].text for name, row in rows.items()} == {
        "baseline": "6",
        "deeper": "7",
        "shallow": "8",
        "tanh": "7",
        "noisy": "7",
    }


def test_one_seed_has_no_spread_and_an_arm_without_runs_no_number(analyses):
    """A difference of two runs is shown without an interval."""
    one = {row[0].text: row for row in table_of(analyses("one seed")).rows}
    half = {row[0].text: row for row in table_of(analyses("half")).rows}

    assert one["baseline"][2].detail == ""
    assert one["deeper"][2].plain == "55.00 % (+4.75 pp)"
    assert [cell.plain for cell in half["shallow"][1:]] == ["0", *["\N{EN DASH}"] * 5]


@pytest.mark.parametrize("state", ["empty", "all diverged", "all failed"])
def test_without_predictions_there_is_no_such_section(analyses, state):
    """Runs to come, diverged and failed ones have none."""
    assert section(analyses(state)) is None
