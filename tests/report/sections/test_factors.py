import pytest

from ceteris.report.blocks import VariationSummary
from ceteris.report.sections.factors import section
from tests.report.reading import blocks_of, tables_of

pytestmark = pytest.mark.usefixtures("undrawn")


def entry_of(analysis, variation):
    """Find what a report says of one variation."""
    return next(entry for entry in blocks_of([section(analysis)], VariationSummary) if entry.variation == variation)


def test_there_is_a_card_for_each_factor(analyses):
    """In the order of the study, each with its variations, their changes and their runs."""
    found = section(analyses("complete")).blocks
    entries = [[block for block in card.blocks if isinstance(block, VariationSummary)] for card in found]
    tables = tables_of([section(analyses("complete"))])

    assert [(card.heading, [one.variation for one in ones]) for card, ones in zip(found, entries, strict=True)] == [
        ("depth", ["deeper", "shallow"]),
        ("activation", ["tanh"]),
        ("learning rate", ["noisy"]),
    ]
    assert entries[0][0].changes == ("layer 2 added: conv 3, kernel 1",)
    assert entries[1][0].changes == ("layer 1 (conv 4): activation relu \N{RIGHTWARDS ARROW} tanh",)
    assert [row[0].text for row in tables["factor-1-seeds"].rows] == [str(seed) for seed in range(8)]
    assert len({card.anchor for card in found}) == 3


def test_an_entry_says_what_came_of_it(analyses):
    """Accuracy, difference, images and convergence, each with its interval."""
    entry = entry_of(analyses("complete"), "deeper")

    assert (entry.verdict, entry.tag) == ("better", "better")
    assert entry.sentences[:1] == (
        (
            "Test accuracy 56.06 % (95 % interval 54.99 to 57.13 %), a difference of +5.75 pp to the baseline "
            "(simultaneous interval +4.95 to +6.55 pp; p < 0.0001 after Holm's adjustment)."
        ),
    )
    assert entry.sentences[2] == "8 of 8 runs that learned reached 44.79 % validation accuracy for two epochs in a row."


def test_one_pair_is_told_without_error_bars(analyses):
    """The difference is given as it is, and that it has none."""
    entry = entry_of(analyses("one seed"), "deeper")

    assert entry.sentences == (
        "Test accuracy 55.00 %, a difference of +4.75 pp to the baseline, without error bars.",
        "Its only run reached 44.82 % validation accuracy for two epochs in a row.",
        "Learning, compared with the baseline: area under the curve +8.74 pp; epochs to target \N{MINUS SIGN}1.0.",
    )


def test_what_has_no_result_or_no_partner_says_so(analyses):
    """Missing runs, a missing baseline, and runs that all diverged are three different things."""
    assert entry_of(analyses("half"), "shallow").sentences == (
        "It has no result yet.",
        "3 of 3 runs of shallow are still to come (seeds 0 to 2): counted in no number yet.",
    )
    assert entry_of(analyses("baseline missing"), "deeper").sentences[0] == (
        "Test accuracy 56.00 % (95 % interval 53.15 to 58.85 %); it is not compared with the baseline: the baseline "
        "has no result yet."
    )
    assert entry_of(analyses("baseline diverged"), "deeper").sentences[:2] == (
        (
            "Test accuracy 56.00 % (95 % interval 53.15 to 58.85 %); it is not compared with the baseline: no run of "
            "it learned."
        ),
        (
            "0 of 3 runs did not learn, 3 of 3 of the baseline; no difference in the rate of collapse shown (Fisher's "
            "exact test, p = 0.40 after Holm's adjustment)."
        ),
    )
    assert entry_of(analyses("a variation diverged"), "deeper").sentences[0] == (
        "No run of it learned, so that it has no accuracy to compare."
    )


def test_an_arm_of_both_kinds_of_runs_has_a_mean_without_interval(analyses):
    """It stands after the accuracy of the runs that learned, and says how little it describes."""
    assert entry_of(analyses("some troubles"), "deeper").sentences[1] == (
        "Over all 8 runs the mean is 50.34 %, which fits neither kind of run."
    )


def test_every_run_is_in_the_table_of_seeds(analyses):
    """Its accuracy, or what became of it."""
    table = tables_of([section(analyses("half"))])["factor-1-seeds"]

    assert [[cell.text for cell in row] for row in table.rows] == [
        ["0", "50.25 %", "55.00 %", "missing"],
        ["1", "50.75 %", "unfinished", "missing"],
        ["2", "50.00 %", "failed", "missing"],
    ]
