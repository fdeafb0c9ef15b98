from ceteris.report.blocks import VariationSummary
from ceteris.report.sections.factors import section
from tests.report.reading import blocks_of, tables_of


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
    """Accuracy, difference, images, wins and convergence, each with its interval."""
    entry = entry_of(analyses("complete"), "deeper")

    assert (entry.verdict, entry.tag) == ("better", "better")
    assert entry.sentences[:1] == (
        (
            "Test accuracy 56.06 % (95 % interval 54.99 to 57.13 %), a difference of +5.75 pp to the baseline (+5.18 "
            "to +6.32 pp; p < 0.0001 after Holm's adjustment; 8 pairs)."
        ),
    )
    assert entry.sentences[2:4] == (
        "It is more accurate than the baseline's run with the same seed in 100 % (68 to 100 %) of pairs.",
        "8 of 8 runs reached 44.79 % validation accuracy.",
    )


def test_one_pair_is_told_without_error_bars(analyses):
    """The difference is given as it is, and that there is one pair."""
    entry = entry_of(analyses("one seed"), "deeper")

    assert entry.sentences == (
        "Test accuracy 55.00 %, a difference of +4.75 pp to the baseline, from 1 pair of runs without error bars.",
        "Its only run reached 44.82 % validation accuracy.",
        (
            "Learning, compared with the baseline: epochs to target \N{MINUS SIGN}1.0; area under the curve +8.74 pp; "
            "final minus best epoch 0.00 pp."
        ),
    )


def test_what_has_no_result_or_no_partner_says_so(analyses):
    """Missing runs, a missing baseline, and runs that all diverged are three different things."""
    assert entry_of(analyses("half"), "shallow").sentences == (
        "It has no result yet.",
        "3 of 3 runs of shallow are still to come (seeds 0 to 2): counted in no mean and in no pair yet.",
        "Seeds 0 to 2 count in one arm only, and so in no pair.",
    )
    assert entry_of(analyses("baseline missing"), "deeper").sentences[0] == (
        "Test accuracy 56.00 % (95 % interval 53.15 to 58.85 %); no seed has results in both arms, so that it has no "
        "difference to the baseline yet."
    )
    assert entry_of(analyses("all diverged"), "deeper").sentences[0] == (
        "All of its 3 runs diverged and count at the chance level, 10.00 %; so do the baseline's, and nothing can be "
        "compared."
    )
    assert (
        entry_of(analyses("a variation diverged"), "deeper")
        .sentences[0]
        .startswith(
            "All of its 3 runs diverged and count at the chance level, 10.00 %, a difference of \N{MINUS SIGN}40.33 pp "
            "to the baseline ("
        )
    )


def test_every_run_is_in_the_table_of_seeds(analyses):
    """Its accuracy, or what became of it."""
    table = tables_of([section(analyses("half"))])["factor-1-seeds"]

    assert [[cell.text for cell in row] for row in table.rows] == [
        ["0", "50.25 %", "55.00 %", "missing"],
        ["1", "50.75 %", "unfinished", "missing"],
        ["2", "50.00 %", "failed", "missing"],
    ]
