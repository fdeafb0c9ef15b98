from ceteris.report.sections.convergence import convergence_table


def texts(table):
    """Give the cells of a table by the name of their row."""
    return {row[0].text: [cell.plain for cell in row[1:]] for row in table.rows}


def test_the_baseline_gives_means_and_the_others_differences(analyses):
    """The area comes first; each tested measure has interval, p-value and adjusted p-value, the others a mean alone."""
    table = convergence_table(analyses("complete"))
    rows = texts(table)

    assert [column.title for column in table.columns] == [
        "variation",
        "area under the curve (pp)",
        "reached target",
        "epochs to target (epochs)",
        "seconds to target (s)",
        "final minus best epoch (pp)",
    ]
    assert rows["baseline"] == ["43.51 (42.93 to 44.08)", "8 of 8", "3.0", "0.6", "0.00"]
    assert rows["deeper"] == [
        "+9.73 (+9.16 to +10.30; p < 0.0001, adjusted < 0.0001)",
        "8 of 8",
        "\N{MINUS SIGN}1.4 (\N{MINUS SIGN}2.0 to \N{MINUS SIGN}1.0; p = 0.0078, adjusted 0.031)",
        "\N{MINUS SIGN}0.3",
        "0.00",
    ]
    assert rows["shallow"][1:3] == ["0 of 8", "+2.0 (p = 0.0078, adjusted 0.031)"]
    assert table.pinned == 1


def test_columns_say_what_they_hold(analyses):
    """Which interval and p-value it is, and why seconds and the last epoch have neither."""
    meanings = {
        column.title.split(" (")[0]: column.meaning for column in convergence_table(analyses("complete")).columns
    }
    assert meanings["area under the curve"] == (
        "Mean validation accuracy over the epochs: high where it rises early, and where it ends high. Variation minus "
        "baseline, then the 95 % confidence interval of this one comparison with the p-value of the same test, and the "
        "p-value after Holm's adjustment over the variations, which decides."
    )
    assert meanings["seconds to target"] == (
        "Training time until then, each run counted with its share of its packed batch. It is measured once per packed "
        "batch, not once per seed, and so has no interval and no p-value. Variation minus baseline."
    )
    assert meanings["final minus best epoch"] == (
        "Final minus best validation accuracy: below 0 after overfitting or unstable training. It holds selection "
        "noise, since the best epoch is the luckiest: a flat noisy curve has a negative one too, and so it is not "
        "tested. Variation minus baseline."
    )


def test_variations_without_a_run_that_learned_keep_their_row(analyses):
    """What is missing is a dash, not a row that is gone: no run yet, or none that learned."""
    rows = texts(convergence_table(analyses("half")))
    assert list(rows) == ["baseline", "deeper", "shallow"]
    assert set(rows["shallow"]) == {"\N{EN DASH}"}
    assert rows["deeper"][:3] == ["+8.71", "1 of 1", "\N{MINUS SIGN}1.0"]
    assert set(texts(convergence_table(analyses("a variation diverged")))["deeper"]) == {"\N{EN DASH}"}


def test_images_have_a_column_where_they_are_not_epochs_times_a_constant(analyses):
    """With variations that learn from fewer images, the images until the target are compared too."""
    titles = [column.title for column in convergence_table(analyses("transfer")).columns]
    assert titles[3:5] == ["epochs to target (epochs)", "images to target (images)"]


def test_a_factor_has_its_own_rows(analyses):
    """A card shows the variations of its factor alone."""
    assert list(texts(convergence_table(analyses("complete"), "depth"))) == ["baseline", "deeper", "shallow"]


def test_there_is_none_where_nothing_can_be_said(analyses):
    """Without a baseline, or with one that learnt nothing, no time can be compared."""
    for state in ("baseline missing", "baseline diverged", "empty", "no variations"):
        assert convergence_table(analyses(state)) is None
