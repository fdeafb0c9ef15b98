"""The tables of verdicts, tests, runs and circumstances, cell by cell."""

from dataclasses import replace

import pytest

from ceteris.report.blocks import Glossary
from ceteris.report.report import write_report
from ceteris.report.sections.environment import environment_table
from ceteris.report.sections.runs import run_table
from ceteris.report.sections.statistical_tests import detail_table
from ceteris.report.sections.verdicts import UNCONFIRMED, footnotes, section, verdict_table
from ceteris.statistics.comparison import compare
from ceteris.statistics.scores import ArmScores, Ending, RunScore, Scores

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"


def texts(table):
    """Give the cells of a table by the name of their row."""
    return {row[0].text: [cell.plain for cell in row[1:]] for row in table.rows}


def test_verdicts_have_their_numbers(analyses):
    """Accuracy, difference, p, rate of collapse and runs, each with what surrounds it."""
    rows = texts(verdict_table(analyses("complete")))

    assert rows["baseline"] == [
        DASH,
        "50.31 % (49.64 to 50.98 %)",
        DASH,
        DASH,
        "0 of 8 (0 to 37 %)",
        "reference",
        "8 of 8",
    ]
    assert rows["deeper"] == [
        "depth",
        "56.06 % (54.99 to 57.13 %)",
        "+5.75 pp (+4.95 to +6.55 pp)",
        "< 0.0001",
        "0 of 8 (0 to 37 %)",
        "better",
        "8 of 8",
    ]
    assert rows["noisy"][5] == "undecided (2 % with 8 + 8 more runs)"


def test_a_rate_of_collapse_has_its_p_value_where_a_run_did(analyses):
    """Runs at chance and diverged ones count; where none did in either arm, there is nothing to test."""
    rows = texts(verdict_table(analyses("some troubles")))

    assert rows["baseline"][4] == "2 of 8 (3 to 65 %)"
    assert rows["deeper"][4] == "1 of 8 (0 to 53 %) (p = 1)"
    assert rows["deeper"][5] == "better when both learn"


def test_a_verdict_on_student_s_test_alone_is_marked(analyses):
    """It has a dagger where the sign-flip test could confirm it and does not, and a note says what it means."""
    analysis = analyses("complete")
    assert UNCONFIRMED not in " ".join(verdict_table(analysis).notes)
    doubtful = tuple(
        replace(one, accuracy=replace(one.accuracy, sign_flip=0.03, sign_flip_adjusted=0.24))
        for one in analysis.comparisons
    )
    table = verdict_table(replace(analysis, comparisons=doubtful))

    assert [row[6].text for row in table.rows[1:]] == [
        f"better{UNCONFIRMED}",
        f"worse{UNCONFIRMED}",
        "equivalent",
        "undecided",
    ]
    assert table.notes[-1].startswith(UNCONFIRMED)


def test_what_became_of_runs_is_in_the_last_column(analyses):
    """Diverged, failed and guessing runs are counted beside those that count."""
    rows = texts(verdict_table(analyses("some troubles")))

    assert {name: cells[-1] for name, cells in rows.items()} == {
        "baseline": "8 of 8 (1 no better than chance, 1 diverged)",
        "deeper": "8 of 8 (1 diverged)",
        "shallow": "8 of 8",
        "tanh": "7 of 8",
        "noisy": "7 of 8 (1 failed)",
    }


def test_notes_say_whether_there_are_intervals(analyses):
    """Several seeds have them, one has none, and nothing at all says nothing."""
    first = {state: verdict_table(analyses(state)).notes[0] for state in ("complete", "one seed", "empty")}

    said = "Differences are variation minus baseline, in percentage points (pp), on these test images"
    assert first == {
        "complete": f"{said}, with simultaneous 95 % confidence intervals.",
        "one seed": f"{said}; one seed gives no interval.",
        "empty": f"{said}.",
    }


def test_every_test_is_shown(analyses):
    """Runs, pairs, spread, all p-values, intervals of each kind, superiority, and what pairing gained."""
    rows = texts(detail_table(analyses("complete")))

    assert rows["tanh"] == [
        "8, 8 (8 pairs)",
        "0.13",
        f"0.50 ({MINUS}0.22 to +0.41)",
        "1",
        "1",
        f"< 0.0001 ({MINUS}0.16 to +0.35)",
        f"{MINUS}0.35 to +0.54",
        "62 % (31 to 86 %)",
        "+0.90 (+0.52 to +0.98)",
        "+90 %",
    ]


def test_one_pair_has_mcnemar_s_test_of_its_two_networks(analyses):
    """One seed has no test over seeds; what the images say of these two networks is a note, and says so."""
    table = detail_table(analyses("one seed"))

    assert texts(table)["deeper"] == ["1, 1 (1 pair)", *[DASH] * 9]
    assert table.notes[0].startswith("deeper: only the baseline's network was right on ")
    assert "(McNemar's test of these two networks: p " in table.notes[0]


def test_arms_that_all_diverged_are_not_tested(analyses):
    """There is nothing in them to compare."""
    assert texts(detail_table(analyses("all diverged")))["deeper"] == [DASH] * 10


def test_runs_are_counted_by_what_became_of_them(analyses):
    """Columns are those that occur; sizes are those of the network."""
    table = run_table(analyses("half"))

    assert [column.title for column in table.columns] == [
        "variation",
        "finished",
        "failed",
        "unfinished",
        "missing",
        "no better than chance",
        "trainable parameters",
        "multiply-adds",
    ]
    assert texts(table)["deeper"] == ["1", "1", "1", "0", "0", "1,217", "109,080"]


def test_circumstances_are_as_recorded(analyses):
    """Images, seeds, engine and machine; where runs differ, each kind with its count."""
    analysis = analyses("complete")
    rows = texts(environment_table(analysis))

    assert rows["images"] == ["shapes drawn by the program (built in)"]
    assert rows["seeds"] == ["0 to 7"]
    assert rows["engine"] == ["lanes (float32, fused multiply-add)"]
    assert rows["engine says"] == ["instruction set AVX-512"]
    assert rows["runs trained together in a packed batch"] == ["8"]
    mixed = replace(analysis.environment, engines={"lanes": 39, "torch": 1}, together=(1, 16))
    shown = environment_table(replace(analysis, environment=mixed)).rows
    assert [row[1].text for row in shown if row[0].text == "engine"] == ["lanes (39 runs)", "torch (1 run)"]
    assert [row[1].text for row in shown if row[0].text == "runs trained together in a packed batch"] == ["1 to 16"]
    assert "finished" not in texts(environment_table(analyses("empty")))


def test_verdicts_for_print_have_short_cells(analyses):
    """The form for LaTeX fits the text of an A4 article: numbers alone in the cells, sentences below the table."""
    written = verdict_table(analyses("complete")).latex()
    rows = [line.strip() for line in written.splitlines() if " & " in line]
    assert rows[0] == (
        r"variation & acc. (\%) & diff. (pp) & simultaneous interval & p (Holm) & collapse & verdict & runs \\"
    )
    assert [row.split(" & ")[6] for row in rows[1:]] == ["reference", "better", "worse", "equivalent", "undecided"]
    assert max(len(cell) for row in rows[1:] for cell in row.split(" & ")) <= len("$-$10.00 to $-$10.00")
    assert written.startswith(r"% needs \usepackage{booktabs, array}")


@pytest.fixture
def told_of(analyses):
    """Give the analysis of a study whose variations differ from the baseline by so much, seed by seed."""

    def tell(**differences):
        baseline = arm("baseline", [0.5 + seed % 2 / 500 for seed in range(len(next(iter(differences.values()))))])
        accuracies = [run.test_accuracy for run in baseline.runs]
        variations = tuple(
            arm(name, [one + by for one, by in zip(accuracies, found, strict=True)])
            for name, found in differences.items()
        )
        analysis = analyses("official")
        compared = compare(Scores(baseline=baseline, variations=variations, chance=0.1), analysis.criteria)
        return replace(analysis, comparisons=compared)

    return tell


@pytest.fixture
def told(told_of):
    """Give the footnotes of such a study."""
    return lambda **differences: footnotes(told_of(**differences))


def arm(name, accuracies):
    """Give an arm whose seeds have these accuracies."""
    runs = (RunScore(seed=seed, status=Ending.FINISHED, test_accuracy=one) for seed, one in enumerate(accuracies))
    return ArmScores(name=name, factor="width", runs=tuple(runs))


BY_CHANCE = (0.01, 0.03, 0.02, 0.01, 0.03, -0.004)
NOTHING = (0.04, -0.04, 0.05, -0.04, 0.044, -0.053)


def test_undecided_beside_an_interval_without_0_is_explained(told):
    """Verdicts allow for two tests a variation, intervals for one: said where that makes a difference."""
    assert told(wide=BY_CHANCE) == (
        (
            "Verdicts allow for 2 tests, two for each variation, and intervals for the differences alone: “wide” is "
            "undecided although the interval does not contain 0."
        ),
    )


def test_decided_beside_an_interval_with_0_is_explained(told):
    """Holm's method is bolder than simultaneous intervals once other tests have passed."""
    clear = (0.10, 0.11, 0.10, 0.11, 0.105, 0.11)
    notes = told(tall=clear, broad=clear, high=clear, deep=clear, long=clear, wide=BY_CHANCE)
    assert not any("wide" in note for note in notes)
    assert notes[-1].startswith("The largest of 6 differences, that of “")


def test_where_verdicts_and_intervals_agree_nothing_is_said(told):
    """A difference that is shown, and one that is not; the largest of several is said to be chosen."""
    assert told(wide=NOTHING) == ()
    assert told(wide=(0.10, 0.11, 0.10, 0.11, 0.1, 0.11), tall=NOTHING) == (
        (
            "The largest of 2 differences, that of “wide”, was chosen because it is large, and so is probably "
            "estimated too large."
        ),
    )


def test_what_has_no_spread_and_so_no_interval_is_explained(told):
    """With three equal differences the patterns of signs decide, and cannot go below 0.25."""
    assert told(wide=(0.25, 0.25, 0.25)) == (
        (
            "The differences of “wide” show no spread, so that there is no interval; the verdict rests on how few "
            "patterns of chance would give them."
        ),
    )


def test_equivalence_beside_an_interval_beyond_the_margin_is_explained(told):
    """Two one-sided tests at 5 % go with the interval of 90 %."""
    assert told(wide=(0.012, 0.003, 0.012, 0.003)) == (
        (
            "Equivalence is judged by two one-sided tests, which go with 90 % intervals: “wide” is "
            "equivalent although the simultaneous 95 % interval reaches beyond ±1.5 pp."
        ),
    )


def test_page_and_text_hold_the_footnotes(analyses, monkeypatch, folders, tmp_path):
    """Below the verdicts, on the page and in the text."""
    monkeypatch.setattr("ceteris.report.sections.verdicts.footnotes", lambda _: ("Mind this.",))
    assert "Mind this." in verdict_table(analyses("official")).notes

    report = write_report(folders("official"), out=tmp_path)

    assert "Mind this." in report.text.read_text(encoding="utf-8")
    assert "Mind this." in report.page.read_text(encoding="utf-8")


def test_a_study_of_crossed_factors_alone_has_no_table_of_the_baseline(analyses):
    """Its combinations have no verdicts: the words are explained, and the effects stand in their own section."""
    crossed = analyses("crossed")
    alone = section(replace(crossed, comparisons=()))

    assert section(crossed).heading == "Verdicts"
    assert (alone.heading, [type(block) for block in alone.blocks]) == ("Terms", [Glossary])
