import numpy as np
import pytest

from ceteris.report.sections.metrics import section
from ceteris.results.results import read_results
from ceteris.statistics.metrics import METRICS

OTHERS = [name for name in METRICS if name != "test accuracy"]


def tables_of(analysis):
    """Give the tables of means and of differences."""
    return section(analysis).blocks


def rows_of(table):
    """Give the cells of a table by the name of their row."""
    return {row[0].text: [cell.plain for cell in row[1:]] for row in table.rows}


def test_means_stand_beside_each_other_with_their_spread(analyses):
    """Each in its unit; columns say which end is better and what takes no learning."""
    table, _ = tables_of(analyses("complete"))

    assert [column.title for column in table.columns] == [
        "variation",
        "runs",
        "balanced accuracy",
        "macro F1",
        "negative log likelihood (nats)",
        "expected calibration error",
        "Brier score",
    ]
    assert rows_of(table)["baseline"] == [
        "8",
        "50.31 % (sd 0.80 pp)",
        "50.35 % (sd 0.80 pp)",
        "1.8694 (sd 0.0243)",
        "19.71 % (sd 0.80 pp)",
        "0.7626 (sd 0.0107)",
    ]
    assert table.columns[2].meaning == (
        "The mean over the classes of the test images of the share of their images classified correctly. Higher is "
        "better; the chance level is 10.00 %."
    )
    assert table.columns[5].meaning.endswith(" Lower is better.")
    assert table.notes == (
        (
            "Means over the runs that learned, and standard deviations (sd) over seeds, computed from the stored "
            "probabilities, which have three significant digits."
        ),
    )


def test_differences_have_an_interval_and_no_test(analyses):
    """Each in its own sign; the note says that none is a verdict."""
    _, table = tables_of(analyses("complete"))

    assert rows_of(table)["deeper"] == [
        "+5.75 pp (+5.18 to +6.32 pp)",
        "+5.73 pp (+5.20 to +6.27 pp)",
        "\N{MINUS SIGN}0.1751 (\N{MINUS SIGN}0.1924 to \N{MINUS SIGN}0.1577)",
        "\N{MINUS SIGN}5.75 pp (\N{MINUS SIGN}6.32 to \N{MINUS SIGN}5.18 pp)",
        "\N{MINUS SIGN}0.0767 (\N{MINUS SIGN}0.0843 to \N{MINUS SIGN}0.0691)",
    ]
    assert table.notes == (
        (
            "Variation minus baseline, with the 95 % interval of this one difference. These differences are described "
            "and not tested: no verdict rests on them, and among so many intervals some leave out 0 by chance."
        ),
    )


def test_the_numbers_are_those_of_the_stored_predictions(folders, analyses):
    """Read again run by run, without the analysis."""
    results, (table, _) = read_results(folders("complete")), tables_of(analyses("complete"))
    keys = {row[0].text: [cell.key for cell in row[2:]] for row in table.rows}
    labels = results.labels()
    for arm, shown in keys.items():
        runs = [results.predictions(one.run) for one in results.findings if one.run.variation == arm]
        for name, key in zip(OTHERS, shown, strict=True):
            assert key == pytest.approx(np.mean([METRICS[name].of(run, labels) for run in runs]))


def test_only_runs_that_learned_count(analyses):
    """A diverged run has no predictions, and one at the chance level would say something of another kind of run."""
    rows = rows_of(tables_of(analyses("some troubles"))[0])

    assert {name: row[0] for name, row in rows.items()} == {
        "baseline": "6",
        "deeper": "7",
        "shallow": "8",
        "tanh": "7",
        "noisy": "7",
    }


def test_one_seed_has_no_spread_and_an_arm_without_runs_no_number(analyses):
    """A difference of two runs is shown without an interval."""
    means, differences = map(rows_of, tables_of(analyses("one seed")))
    half_means, half_differences = map(rows_of, tables_of(analyses("half")))

    assert means["baseline"][1] == "50.25 %"
    assert differences["deeper"][0] == "+4.75 pp"
    assert half_means["shallow"] == ["0", *["\N{EN DASH}"] * 5]
    assert half_differences["shallow"] == ["\N{EN DASH}"] * 5
    assert len(tables_of(analyses("no variations"))) == 1


@pytest.mark.parametrize("state", ["empty", "all diverged", "all failed"])
def test_without_predictions_there_is_no_such_section(analyses, state):
    """Runs to come, diverged and failed ones have none."""
    assert section(analyses(state)) is None
