"""What there is no memory for is refused before anything is trained."""

import pytest

from ceteris.datasets.dataset import ImageKind
from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import InstructionSet
from ceteris.errors import EngineError
from ceteris.execution import memory
from ceteris.execution.memory import check_memory, needed_memory
from ceteris.execution.packing import pack
from ceteris.execution.study import run_study
from ceteris.networks.shape import Shape
from ceteris.resources import Memory
from ceteris.study.study import Study
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_study

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
    need = needed_memory(dense_batches(), IMAGES, threads=2)

    assert need.images == 130 * 256 * 256 * 3
    assert need.largest == pytest.approx(4 * 16 * 4 * weights + 3 * 4 * 2 * weights, rel=0.02)
    assert need.training == need.largest
    full = needed_memory(dense_batches(seeds=48), IMAGES, threads=2)
    assert full.training == 2 * full.largest


def test_too_much_for_one_packed_batch_names_it(monkeypatch):
    """Fewer threads would not help."""
    monkeypatch.setattr(memory, "free_memory", lambda: Memory(free=8_000_000_000, limit="on this machine"))

    with pytest.raises(EngineError) as error:
        check_memory(dense_batches(), IMAGES, threads=2)

    assert str(error.value) == (
        "training needs about 305 GB of memory, and 8 GB are free on this machine. One packed batch of 'baseline' "
        "alone takes 305 GB: make its layers or the images smaller. Nothing was trained yet."
    )


def test_too_much_at_a_time_asks_for_fewer_threads(monkeypatch):
    """Each packed batch fits alone; where all fit, or nothing is known, nothing is refused."""
    free = Memory(free=500_000_000_000, limit="under the memory limit of this container")
    monkeypatch.setattr(memory, "free_memory", lambda: free)
    batches = dense_batches(seeds=32)

    with pytest.raises(EngineError, match=r"Give --threads a smaller number, or make the networks or images smaller\."):
        check_memory(batches, IMAGES, threads=2)
    check_memory(batches, IMAGES, threads=1)
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    check_memory(batches, IMAGES, threads=2)


def test_a_run_from_python_is_refused_with_the_same_words(tmp_path, monkeypatch):
    """Before a worker starts, and with a folder that can be reported and run again."""
    study = miniature_study(data={"name": "shapes", "batches": 1, "validation": 0.34})

    def run():
        return list(run_study(study, miniature_dataset(), folder=tmp_path / "r", engines=(FakeEngine(),)))

    monkeypatch.setattr(memory, "free_memory", lambda: Memory(free=1000, limit="on this machine"))
    with pytest.raises(EngineError) as error:
        run()
    assert str(error.value) == (
        "training needs about 7 kB of memory, and 1 kB are free on this machine. One packed batch of 'baseline' alone "
        "takes 4 kB: make its layers or the images smaller. Nothing was trained yet."
    )

    monkeypatch.undo()
    assert run()
