from dataclasses import replace

import pytest

from ceteris.report.sections.training_time import section


def rows_of(analysis):
    """Give the cells of the table of training times by the name of their row."""
    (table,) = section(analysis).blocks
    return {row[0].text: [cell.plain for cell in row[1:]] for row in table.rows}


def test_times_are_shares_with_their_spread(analyses):
    """Seeds 0 to 2 take 1.5, 1.75 and 2 seconds for an epoch of a packed batch of eight; five epochs make a run."""
    (table,) = section(analyses("no variations")).blocks
    (row,) = table.rows

    assert [cell.plain for cell in row] == [
        "baseline",
        "3 (3 packed batches)",
        "1.09 (sd 0.156; 0.938 to 1.25)",
        "0.219 (sd 0.0312; 0.188 to 0.250)",
        "183",
        "1.00 times",
    ]
    assert row[2].key == pytest.approx(5 * (1.5 + 1.75 + 2) / 3 / 8)


def test_runs_of_one_packed_batch_are_one_measurement(analyses):
    """Eight seeds that share the times of a packed batch have no spread; of two packed batches there is one."""
    complete = analyses("complete")
    runs = complete.epochs["deeper"]
    shared = dict.fromkeys(runs, runs[0])
    one, two = (
        rows_of(replace(complete, epochs=complete.epochs | {"deeper": times}))["deeper"]
        for times in (shared, shared | {7: runs[7]})
    )

    assert one[:3] == ["8 (1 packed batch)", "0.938", "0.188"]
    assert two[:2] == ["8 (2 packed batches)", "0.957 (sd 0.110; 0.938 to 1.09)"]


def test_runs_that_were_stopped_early_stay_in_their_packed_batch(analyses):
    """They have fewer epochs of the same times: one measurement, whose spread is not of the machine."""
    complete = analyses("complete")
    runs = complete.epochs["deeper"]
    stopped = dict.fromkeys(runs, runs[0]) | {1: runs[0][:2], 2: runs[0][:4]}
    analysis = replace(complete, epochs=complete.epochs | {"deeper": stopped})
    (table,) = section(analysis).blocks

    assert rows_of(analysis)["deeper"][:3] == ["8 (1 packed batch)", "0.844", "0.188"]
    assert not any("Equal runs" in note for note in table.notes)


def test_variations_are_set_against_the_baseline(analyses):
    """By the mean seconds of their finished runs; one that has none, or whose baseline has none, has no ratio."""
    complete, half = analyses("complete"), analyses("half")
    slower = {
        seed: tuple(replace(epoch, seconds=2 * epoch.seconds) for epoch in run)
        for seed, run in complete.epochs["deeper"].items()
    }
    rows = rows_of(replace(complete, epochs=complete.epochs | {"deeper": slower}))

    assert [rows[name][-1] for name in ("baseline", "deeper", "shallow")] == ["1.00 times", "2.00 times", "1.00 times"]
    assert rows_of(half)["shallow"] == ["0", *["\N{EN DASH}"] * 4]
    assert rows_of(half)["deeper"][1] == "0.938"
    assert rows_of(analyses("baseline missing"))["deeper"][-1] == "\N{EN DASH}"


def test_times_that_the_machine_made_uneven_are_noted(analyses):
    """Packed batches of as many runs of one arm should take equally long; of another size they need not."""
    complete = analyses("complete")
    runs = complete.epochs["deeper"]

    def notes(**changes):
        last = {7: tuple(replace(epoch, **changes) for epoch in runs[7])}
        (table,) = section(replace(complete, epochs=complete.epochs | {"deeper": runs | last})).blocks
        return " ".join(table.notes)

    assert (
        "Equal runs of “deeper” took up to 6.40 times as long in one packed batch as in another: the machine was busy "
        "with other work, and differences between arms up to that factor need not be of the networks."
        in notes(seconds=9.6)
    )
    assert "Equal runs" not in notes(seconds=9.6, packed_batch_runs=2)
    assert "Equal runs" not in notes(seconds=2.0)


def test_what_the_times_leave_out_is_said(analyses):
    """Features that were computed before, and machines of several kinds."""
    analysis = analyses("transfer")
    several = replace(analysis.environment, hosts={"one": 10, "another": 8})
    (table,) = section(replace(analysis, environment=several)).blocks

    assert table.notes[1:3] == (
        "Runs were trained on 2 kinds of machines, whose times cannot be compared.",
        (
            "The times of “head” and “head, a tenth” are without the 20.0 seconds in which their features were "
            "computed, once for all their runs."
        ),
    )


def test_without_a_finished_run_there_is_no_such_section(analyses):
    """Neither runs to come nor those that diverged have a time to describe."""
    assert section(analyses("empty")) is None
    assert section(analyses("all diverged")) is None
