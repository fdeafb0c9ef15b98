from miniature import FakeEngine, miniature_runs

from ceteris.engines.engine import Position
from ceteris.execution.bank import longest_first, pack

RUNS = miniature_runs(seeds=5)


def test_every_run_is_in_exactly_one_bank_that_may_hold_it():
    """Banks are no larger than the engine's, share one key, and lose or double no run."""
    engine = FakeEngine()
    banks = pack(RUNS, engine)
    assert sorted(run.digest for bank in banks for run in bank.runs) == sorted(run.digest for run in RUNS)
    for bank in banks:
        assert len(bank.runs) <= engine.bank_size
        assert len({engine.bank_key(run.specification) for run in bank.runs}) == 1


def test_banks_are_filled():
    """Ten runs of two arms with one key and five of another fill banks of four: 4 + 4 + 2 and 4 + 1."""
    assert sorted(len(bank.runs) for bank in pack(RUNS, FakeEngine())) == [1, 2, 4, 4, 4]


def test_the_same_runs_give_the_same_banks():
    """Nothing is left to chance."""
    assert pack(RUNS, FakeEngine()) == pack(list(RUNS), FakeEngine())


def test_runs_that_are_not_at_one_place_do_not_share_a_bank():
    """A run that goes on from the middle trains with those that go on from there."""
    middle = Position(epoch=1, step=2)
    positions = {RUNS[0].digest: middle, RUNS[6].digest: middle}
    banks = pack(RUNS, FakeEngine(), positions)
    (resumed,) = (bank for bank in banks if bank.position == middle)
    assert resumed.runs == (RUNS[0], RUNS[6])
    assert all(bank.position == Position() for bank in banks if bank is not resumed)


def test_the_longest_come_first():
    """Large networks before small ones, and much left to do before little."""
    late = {run.digest: Position(epoch=2) for run in RUNS if run.variation == "Pool 4x4" and run.seed > 0}
    banks = pack(RUNS, FakeEngine(), late)
    assert [bank.work for bank in banks] == sorted((bank.work for bank in banks), reverse=True)
    assert (banks[0].runs[0].variation, banks[0].work) == (
        "Pool 4x4",
        3.0 * (8 * 8 * 3 * 10 + 35 * (8 * 8 * 3 + 10) + 45 * 1930 / 8),
    )
    assert longest_first(reversed(banks))[0].work == banks[0].work


def test_nothing_to_do_is_no_bank():
    """A finished study needs none."""
    assert pack((), FakeEngine()) == ()
