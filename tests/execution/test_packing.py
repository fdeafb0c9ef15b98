from ceteris.engines.engine import Position
from ceteris.execution.packing import longest_first, pack
from ceteris.testing.miniature import FakeEngine, miniature_runs

RUNS = miniature_runs(seeds=5)


def test_every_run_is_in_exactly_one_packed_batch_that_may_hold_it():
    """Packed batches are no larger than the engine's, share one key, and lose or double no run."""
    engine = FakeEngine()
    batches = pack(RUNS, engine)
    assert sorted(run.digest for batch in batches for run in batch.runs) == sorted(run.digest for run in RUNS)
    for batch in batches:
        assert len(batch.runs) <= engine.packed_runs
        assert len({engine.packing_key(run.specification) for run in batch.runs}) == 1


def test_packed_batches_are_filled():
    """Ten runs of two arms with one key and five of another fill packed batches of four: 4 + 4 + 2 and 4 + 1."""
    assert sorted(len(batch.runs) for batch in pack(RUNS, FakeEngine())) == [1, 2, 4, 4, 4]


def test_the_same_runs_give_the_same_packed_batches():
    """Nothing is left to chance."""
    assert pack(RUNS, FakeEngine()) == pack(list(RUNS), FakeEngine())


def test_runs_that_are_not_at_one_place_do_not_share_a_packed_batch():
    """A run that goes on from the middle trains with those that go on from there."""
    middle = Position(epoch=1, step=2)
    positions = {RUNS[0].digest: middle, RUNS[6].digest: middle}
    batches = pack(RUNS, FakeEngine(), positions)
    (resumed,) = (batch for batch in batches if batch.position == middle)
    assert resumed.runs == (RUNS[0], RUNS[6])
    assert all(batch.position == Position() for batch in batches if batch is not resumed)


def test_the_longest_come_first():
    """Large networks before small ones, and much left to do before little."""
    late = {run.digest: Position(epoch=2) for run in RUNS if run.variation == "Pool 4x4" and run.seed > 0}
    batches = pack(RUNS, FakeEngine(), late)
    assert [batch.work for batch in batches] == sorted((batch.work for batch in batches), reverse=True)
    assert (batches[0].runs[0].variation, batches[0].work) == (
        "Pool 4x4",
        3.0 * (8 * 8 * 3 * 10 + 35 * (8 * 8 * 3 + 10) + 45 * 1930 / 8),
    )
    assert longest_first(reversed(batches))[0].work == batches[0].work


def test_nothing_to_do_is_no_packed_batch():
    """A finished study needs none."""
    assert pack((), FakeEngine()) == ()
