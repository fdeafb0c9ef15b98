from ceteris.report.sections.convergence import convergence_table


def texts(table):
    """Give the cells of a table by the name of their row."""
    return {row[0].text: [cell.plain for cell in row[1:]] for row in table.rows}


def test_the_baseline_gives_means_and_the_others_differences(analyses):
    """Epochs, images and seconds until the target, area, and what was lost at the end, each with interval and p."""
    table = convergence_table(analyses("complete"))
    rows = texts(table)

    assert [column.title for column in table.columns] == [
        "variation",
        "reached target",
        "epochs to target (epochs)",
        "images to target (images)",
        "seconds to target (s)",
        "area under the curve (pp)",
        "final minus best epoch (pp)",
    ]
    assert rows["baseline"][:3] == ["8 of 8", "3.0", "120"]
    assert rows["deeper"][:2] == ["8 of 8", "\N{MINUS SIGN}1.4 (\N{MINUS SIGN}1.8 to \N{MINUS SIGN}0.9; p = 0.031)"]
    assert rows["shallow"][:2] == ["0 of 8", "+2.0 (p = 0.031)"]
    assert table.pinned == 1


def test_variations_without_a_pair_keep_their_row(analyses):
    """What is missing is a dash, not a row that is gone."""
    rows = texts(convergence_table(analyses("half")))

    assert list(rows) == ["baseline", "deeper", "shallow"]
    assert set(rows["shallow"]) == {"\N{EN DASH}"}
    assert rows["deeper"][:2] == ["1 of 1", "\N{MINUS SIGN}1.0"]


def test_a_factor_has_its_own_rows(analyses):
    """A card shows the variations of its factor alone."""
    assert list(texts(convergence_table(analyses("complete"), "depth"))) == ["baseline", "deeper", "shallow"]


def test_there_is_none_where_nothing_can_be_said(analyses):
    """Without a baseline, or with one that learnt nothing, no time can be compared."""
    for state in ("baseline missing", "baseline diverged", "empty", "no variations"):
        assert convergence_table(analyses(state)) is None
