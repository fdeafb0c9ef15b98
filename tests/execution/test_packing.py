"""What there is no memory for is refused before anything is trained."""

from dataclasses import replace

import pytest

from ceteris.datasets.dataset import ImageKind
from ceteris.engines.engine import Position
from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import InstructionSet
from ceteris.errors import EngineError
from ceteris.execution.packing import Assignment, assign, check_resources, longest_first, needed_memory, pack
from ceteris.execution.study import run_study
from ceteris.networks.shape import Shape
from ceteris.resources import Memory, Requirements, Resources
from ceteris.results.manifest import scope_of
from ceteris.study.study import Study
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_runs, miniature_study

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


THREE_SEEDS = miniature_runs()
FAST, GENERAL = FakeEngine(name="fast"), FakeEngine(name="general", arithmetic="float64")


def with_momentum(*names: str):
    """Give the runs of a study with variations that the fake engine refuses."""
    variations = [
        {
            "factor": "momentum",
            "name": name,
            "set": {"training.optimizer": "sgd", "training.momentum": 0.1 * (rank + 1)},
        }
        for rank, name in enumerate(names)
    ]
    return miniature_study(variation=variations, seeds=2).runs("0" * 64)


class Willing(FakeEngine):
    """An engine that refuses nothing."""

    def unsupported(self, _specification) -> None:
        """Refuse nothing."""


WILLING = Willing(name="general")


def test_the_first_engine_trains_all_it_can():
    """Where it can train everything, there is nothing to say."""
    assert assign(THREE_SEEDS, (FAST, GENERAL)) == Assignment(shares=((FAST, THREE_SEEDS),), notes=())


def test_what_it_cannot_train_falls_to_the_next_and_is_told():
    """A fallback engine is never silent."""
    runs = with_momentum("a")
    assert assign(runs, (FAST, WILLING)) == Assignment(
        shares=((FAST, runs[:2]), (WILLING, runs[2:])),
        notes=("'a' is trained by the general engine; the fast engine cannot: it knows no momentum.",),
    )


def test_many_variations_share_one_note():
    """Three are named, the others counted."""
    assert assign(with_momentum("a", "b"), (FAST, WILLING)).notes == (
        "'a' and 'b' are trained by the general engine; the fast engine cannot: it knows no momentum.",
    )
    (note,) = assign(with_momentum("a", "b", "c", "d", "e"), (FAST, WILLING)).notes
    assert scope_of(note) == ("a", "b", "c", "d", "e")
    assert note == (
        "'a', 'b', 'c' and 2 more variations are trained by the general engine; "
        "the fast engine cannot: it knows no momentum."
    )


def test_a_batch_norm_that_is_left_one_image_is_told():
    """No engine trains it as it should; a smaller batch that leaves two images, and one after a pool, are not told."""
    layers = [{"max_pool": 8}, {"dense": 5}, {"batch_norm": True}, {"dense": "classes"}]
    runs = miniature_study(
        baseline={"network": {"layers": layers}, "training": {"learning_rate": 0.1, "batch_size": 8999}},
        variation=[
            {"factor": "batch", "name": "8998", "set": {"training.batch_size": 8998}},
            {"factor": "place", "name": "early", "remove": "network.layers.1"},
        ],
    ).runs("0" * 64)
    (note,) = assign(runs, (FAST,)).notes
    assert note == (
        "'baseline': the last minibatch of an epoch is one image (9,000 images, batch_size 8999), and batch_norm in "
        "layer 3 sees no variance in it: the lanes engine makes its values 0 there, the torch engine refuses to train "
        "it. Choose another batch_size."
    )


def test_a_run_that_nobody_can_train_is_an_error():
    """It names the variation, and why each engine refuses."""
    with pytest.raises(EngineError) as error:
        assign(with_momentum("a"), (FAST, GENERAL))
    assert str(error.value) == (
        "nothing here can train 'a': the fast engine cannot: it knows no momentum; "
        "the general engine cannot: it knows no momentum. Change the variation, or leave it out."
    )


IMAGES = ImageKind(shape=Shape(256, 256, 3), classes=2, training_images=100, validation_images=10, test_images=20)


def dense_batches(seeds=2):
    """A network whose first dense layer reads two million values."""
    layers = [{"conv": 32, "kernel": 3, "padding": "same"}, {"dense": 512}, {"dense": "classes"}]
    study = Study(
        title="Flat",
        seeds=seeds,
        data={"name": "./photos", "size": 256},
        baseline={
            "network": {"layers": layers},
            "training": {"learning_rate": 0.01, "batch_size": 8, "epochs": 1},
        },
    )
    return pack(study.runs("0" * 64), LanesEngine(instruction_set=InstructionSet.PORTABLE))


def test_sixteen_lanes_hold_weights_gradients_and_two_moments():
    """A network of 1.07 thousand million weights takes 275 GB in sixteen lanes, whatever the number of its runs."""
    weights = 256 * 256 * 32 * 512
    need = needed_memory(dense_batches(), IMAGES, cores=2)

    assert need.images == 130 * 256 * 256 * 3
    assert need.largest == pytest.approx(4 * 16 * 4 * weights + 3 * 4 * 2 * weights, rel=0.02)
    assert need.training == need.largest
    full = needed_memory(dense_batches(seeds=48), IMAGES, cores=2)
    assert full.training == 2 * full.largest


def test_a_packed_batch_takes_what_the_run_takes_that_wants_the_most():
    """Where one run averages its weights, all lanes keep an average, wherever that run stands in the packed batch."""

    class Averaging(FakeEngine):
        def requirements(self, specification, images, runs):
            return Requirements(memory=1000 * runs + (500 if specification.training.average_decay else 0))

    study = miniature_study()
    averaged = study.baseline.training.model_copy(update={"average_decay": 0.9})
    runs = [run for run in study.runs("d" * 64) if run.variation == "baseline"][:2]
    own = replace(
        runs[1], variation="averaged", specification=runs[1].specification.model_copy(update={"training": averaged})
    )

    for order in ((runs[0], own), (own, runs[0])):
        (batch,) = pack(order, Averaging())
        assert batch.requirements(IMAGES).memory == 2500


def test_too_much_for_one_packed_batch_names_it():
    """Fewer threads would not help."""
    few = Resources(cores=2, memory=Memory(free=8_000_000_000, limit="on this machine"))

    with pytest.raises(EngineError) as error:
        check_resources(dense_batches(), IMAGES, few)

    assert str(error.value) == (
        "training needs about 305 GB of memory, and 8 GB are free on this machine. One packed batch of 'baseline' "
        "alone takes 305 GB: make its layers or the images smaller. Nothing was trained yet."
    )


def test_too_much_at_a_time_asks_for_fewer_threads():
    """Each packed batch fits alone; where all fit, or nothing is known, nothing is refused."""
    free = Memory(free=500_000_000_000, limit="under the memory limit of this container")
    batches = dense_batches(seeds=32)

    with pytest.raises(EngineError, match=r"Give --threads a smaller number, or make the networks or images smaller\."):
        check_resources(batches, IMAGES, Resources(cores=2, memory=free))
    check_resources(batches, IMAGES, Resources(cores=1, memory=free))
    check_resources(batches, IMAGES, Resources(cores=2))


def test_a_device_that_the_executor_lacks_is_refused():
    """An executor that says which devices it has is given nothing for another."""
    batches = pack(RUNS, FakeEngine(device="cuda:1"))

    check_resources(batches, IMAGES, Resources(cores=1, devices=frozenset({"cuda:1"})))
    with pytest.raises(EngineError) as error:
        check_resources(batches, IMAGES, Resources(cores=1, devices=frozenset({"cuda:0", "cpu"})))

    assert str(error.value) == (
        "'Pool 4x4' is trained on cuda:1, and the executor has cpu and cuda:0. Choose another device or executor. "
        "Nothing was trained yet."
    )


def test_a_run_from_python_is_refused_with_the_same_words(tmp_path, monkeypatch):
    """Before a worker starts, and with a folder that can be reported and run again."""
    study = miniature_study(data={"name": "shapes", "batches": 1, "validation": 0.34})

    def run():
        return list(run_study(study, miniature_dataset(), folder=tmp_path / "r", engines=(FakeEngine(),)))

    monkeypatch.setattr("ceteris.execution.local.free_memory", lambda: Memory(free=1000, limit="on this machine"))
    with pytest.raises(EngineError) as error:
        run()
    assert str(error.value) == (
        "training needs about 7 kB of memory, and 1 kB are free on this machine. One packed batch of 'baseline' alone "
        "takes 4 kB: make its layers or the images smaller. Nothing was trained yet."
    )

    monkeypatch.undo()
    assert run()
