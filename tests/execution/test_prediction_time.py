import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from ceteris.engines.engine import PredictingEngine
from ceteris.execution import prediction_time as module
from ceteris.execution.events import Note
from ceteris.execution.local import LocalExecutor
from ceteris.execution.prediction_time import prediction_time
from ceteris.execution.study import run_study
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_study

ALONE = LocalExecutor(threads=1)

DATA = {"name": "shapes", "batches": 1, "validation": 0.34}
HEAD = {"factor": "transfer", "name": "head", "network": {"backbone": "resnet18"}}


@dataclass
class Watched:
    """A network that takes a known time for each image, and counts them."""

    seconds: tuple[float, ...] = (0.01,)
    pretrained_bytes: int = 77
    now: float = 0.0
    shown: list[int] = field(default_factory=list)

    def __call__(self, image):
        """Take the time that is due, and note the image."""
        self.now += self.seconds[len(self.shown) % len(self.seconds)]
        self.shown.append(int(image[0, 0, 0]))
        return np.full(10, 0.1, np.float32)

    def clock(self):
        """Give the time so far."""
        return self.now


@dataclass(frozen=True, kw_only=True)
class PredictingFake(FakeEngine, PredictingEngine):
    """A fake engine whose networks can predict, or cannot."""

    is_broken: bool = False

    def predictor(self, run, weights, split):
        """Give a network, after a look at what it is made of."""
        assert set(weights) == {"layers.1.weight", "layers.1.bias"}
        assert len(split.test) == 12
        if self.is_broken:
            raise RuntimeError(f"no {run.variation} today")
        return Watched()


@pytest.fixture
def study():
    """Three small networks and a pretrained one."""
    return miniature_study(data=DATA, variation=[*miniature_study().variations, HEAD])


@pytest.fixture
def run(tmp_path):
    """Run a study to its end, and give its notes and what was measured of each run."""

    def to_end(study, engine):
        folder = tmp_path / "results"
        events = list(run_study(study, miniature_dataset(), folder=folder, engines=[engine], executor=ALONE))
        machines = {path.parent: json.loads(path.read_text()) for path in sorted(folder.glob("runs/*/*/machine.json"))}
        measured = {f"{path.parent.name}/{path.name[:7]}": facts["measured"] for path, facts in machines.items()}
        return [event.text for event in events if isinstance(event, Note)], measured

    return to_end


def test_median_and_quartiles_are_those_of_single_images():
    """After five to warm up, each image is timed alone; 200 at most."""
    images = np.arange(12, dtype=np.uint8).reshape(12, 1, 1, 1)
    watched = Watched(seconds=(0.001, 0.001, 0.001, 0.001, 0.002))

    found = prediction_time(watched, images, clock=watched.clock)

    assert found == {
        "prediction (milliseconds)": 1.0,
        "prediction, first quartile (milliseconds)": 1.0,
        "prediction, third quartile (milliseconds)": 1.0,
        "prediction (images)": 200.0,
        "pretrained weights (bytes)": 77.0,
    }
    assert watched.shown[:7] == [0, 1, 2, 3, 4, 0, 1]
    assert len(watched.shown) == 205


def test_a_slow_network_is_shown_fewer_images():
    """A second is enough, but ten images are the fewest that a median is taken of."""
    images = np.zeros((3, 1, 1, 1), np.uint8)
    slow, slower = Watched(seconds=(0.02,)), Watched(seconds=(2.0,))

    assert prediction_time(slow, images, clock=slow.clock)["prediction (images)"] == pytest.approx(50, abs=1)
    assert prediction_time(slower, images, clock=slower.clock)["prediction (images)"] == 10


def test_one_run_of_each_variation_is_timed_once(study, run, monkeypatch):
    """Of the first seed; a second call measures nothing again, and a result's bytes know nothing of it."""
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: name)
    notes, measured = run(study, PredictingFake())

    timed = [name for name, numbers in measured.items() if "prediction (milliseconds)" in numbers]
    assert timed == ["0.5/seed-00", "baseline/seed-00", "head/seed-00", "pool-4x4/seed-00"]
    monkeypatch.setattr(module, "prediction_time", lambda *_: pytest.fail("it was timed before"))
    assert run(study, PredictingFake())[1] == measured
    assert not [note for note in notes if "prediction" in note]


def test_what_was_trained_elsewhere_is_not_timed_here(study, run, monkeypatch):
    """The time would be told of the host that trained it."""
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(module, "describe_host", lambda: {"processor": "another"})

    assert not any(run(study, PredictingFake())[1].values())


def test_a_study_without_pretrained_networks_is_not_timed(run, monkeypatch):
    """It has nothing to compare, and pays nothing for it."""
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: name)

    assert not any(run(miniature_study(data=DATA), PredictingFake())[1].values())


def test_what_cannot_be_timed_is_said_and_costs_no_result(study, run, monkeypatch):
    """The runs are finished; a note says which time is not known, and why."""
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: name)
    notes, measured = run(
        study.model_copy(update={"seeds": (0,), "baseline_seeds": (0,)}), PredictingFake(is_broken=True)
    )

    assert [note for note in notes if "'head'" in note] == [
        "'head': the time of a prediction is not known (RuntimeError: no head today)."
    ]
    assert len(measured) == 4
    assert not any(measured.values())
