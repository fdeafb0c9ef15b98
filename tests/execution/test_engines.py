import csv
import importlib.util

import pytest

from ceteris.datasets.cache import file_sha256
from ceteris.datasets.weights import OFFICIAL_WEIGHTS
from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import InstructionSet
from ceteris.engines.torch.engine import TorchEngine
from ceteris.engines.torch.stacked.engine import StackedEngine
from ceteris.errors import EngineError
from ceteris.execution.engines import EngineChoice, choose_engines, find_backbones, missing_weights
from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import run_study
from ceteris.networks.backbone import Backbone
from ceteris.results.manifest import scope_of
from ceteris.results.record import Status
from ceteris.results.results import read_results
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_study

ALONE = LocalExecutor(threads=1)

HEAD = {"factor": "transfer", "name": "head", "network": {"backbone": "resnet18"}}


@pytest.fixture(autouse=True)
def _machine(tmp_path, monkeypatch):
    """A machine with an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CETERIS_WEIGHTS", raising=False)


@pytest.fixture
def study():
    """The miniature study and an arm on ResNet-18."""
    plain = miniature_study()
    data = {"name": "shapes", "batches": 1, "validation": 0.34}
    return miniature_study(data=data, variation=[*plain.variations, HEAD])


def test_an_arm_without_weights_is_skipped_with_what_to_do(study, tmp_path):
    """Nothing is downloaded here: the reason says which file goes where, and the digest is that of the file."""
    found = find_backbones(study, base=tmp_path)

    assert missing_weights(study, base=tmp_path) == (Backbone.RESNET18,)
    assert found.skipped == {
        "head": (
            "the weights of resnet18 are not on this machine. Download them with `ceteris data fetch resnet18` "
            "(47 MB), or set CETERIS_WEIGHTS to a folder that holds resnet18-f37072fd.pth; then run the same "
            "command again"
        )
    }
    assert found.engines == ()
    assert found.study.variations[-1].network.weights_sha256 == OFFICIAL_WEIGHTS[Backbone.RESNET18].sha256


def test_without_pytorch_the_arm_is_skipped_and_nothing_downloaded(study, tmp_path, monkeypatch):
    """`make study LIGHT=1` installs no PyTorch where the kernels compile."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)  # noqa: ARG005

    assert missing_weights(study, base=tmp_path) == ()
    assert find_backbones(study, base=tmp_path).skipped["head"] == (
        'PyTorch and torchvision are not installed. Install them with `pip install --editable ".[torch]"` (on Linux '
        "3 GB to download; README.md says how to get a build of 0.2 GB without GPU support), then run the same "
        "command again"
    )


def test_a_study_without_backbones_is_left_alone(tmp_path):
    """It needs no weights and no engine, and is the same study."""
    study = miniature_study()

    found = find_backbones(study, base=tmp_path)

    assert found.study is study
    assert (found.engines, found.skipped, found.notes) == ((), {}, ())


def test_weights_that_are_none_skip_the_arm(tmp_path):
    """What is wrong with the file is the reason."""
    (tmp_path / "mine.pth").write_bytes(b"<html>")
    network = {"backbone": "resnet18", "weights": "mine.pth"}
    study = miniature_study(variation=[HEAD | {"network": network}])

    reason = find_backbones(study, base=tmp_path).skipped["head"]

    assert reason.startswith(f"{tmp_path / 'mine.pth'} ")
    assert reason.endswith("Give a file that torch.save wrote of a state dict, as torchvision offers them")


def test_weights_that_are_there_are_pinned(tmp_path):
    """Each arm says which bytes it stands on, also one that only changes the weights of the baseline."""
    torch, models = pytest.importorskip("torch"), pytest.importorskip("torchvision.models")
    for name, seed in (("one.pth", 1), ("two.pth", 2)):
        torch.manual_seed(seed)
        torch.save(models.resnet18().state_dict(), tmp_path / name)
    baseline = {"network": {"backbone": "resnet18", "weights": "one.pth"}, "training": {"epochs": 1}}
    other = {"factor": "weights", "name": "two", "set": {"network.weights": "two.pth"}}
    rate = {"factor": "rate", "name": "fast", "set": {"training.learning_rate": 0.1}}
    study = miniature_study(baseline=baseline, variation=[other, rate])

    found = find_backbones(study, base=tmp_path)

    one, two = (file_sha256(tmp_path / name) for name in ("one.pth", "two.pth"))
    assert [arm.specification.network.weights_sha256 for arm in found.study.arms()] == [one, two, one]
    assert dict(found.engines[0].weights) == {one: tmp_path / "one.pth", two: tmp_path / "two.pth"}
    assert find_backbones(found.study, base=tmp_path).study == found.study


def test_weights_are_loaded_once_to_see_that_they_fit(tmp_path, monkeypatch):
    """The second command believes the first one; other bytes, or those for another backbone, are looked at again."""
    pytest.importorskip("torch")
    loaded = []
    monkeypatch.setattr(
        "ceteris.engines.transfer.backbone.load_backbone", lambda path, kind: loaded.append((path, kind))
    )
    study = miniature_study(variation=[HEAD | {"network": {"backbone": "resnet18", "weights": "mine.pth"}}])
    for content in (b"one", b"one", b"two"):
        (tmp_path / "mine.pth").write_bytes(content)
        assert find_backbones(study, base=tmp_path).skipped == {}

    assert loaded == [(tmp_path / "mine.pth", Backbone.RESNET18)] * 2


def test_a_note_on_weights_is_about_the_arms_that_are_built_on_them(study, tmp_path, monkeypatch):
    """Not about the baseline, whose network has no backbone."""
    pytest.importorskip("torch")
    (tmp_path / "resnet18-other.pth").write_bytes(b"other")
    monkeypatch.setenv("CETERIS_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("ceteris.engines.transfer.backbone.load_backbone", lambda *_: None)

    (note,) = find_backbones(study, base=tmp_path).notes

    assert note.startswith("The weights of resnet18 are not torchvision's file but resnet18-other.pth")
    assert scope_of(note) == ("head",)


def test_the_rest_of_a_study_goes_on(study, tmp_path):
    """A skipped arm is told above every table and in every row; the other arms are trained."""
    found = find_backbones(study, base=tmp_path)
    folder = tmp_path / "results"

    for _ in run_study(
        found.study,
        miniature_dataset(),
        folder=folder,
        engines=[FakeEngine()],
        executor=ALONE,
        skipped=found.skipped,
    ):
        pass

    results = read_results(folder)
    statuses = {one.run.variation: one.status for one in results.findings}
    assert statuses["head"] is Status.SKIPPED
    assert {status for name, status in statuses.items() if name != "head"} == {Status.FINISHED}
    assert results.is_complete
    assert f"'head' is skipped: {found.skipped['head']}." in results.notes
    rows = list(csv.DictReader((folder / "results.csv").read_text().splitlines()))
    assert {(row["status"], row["error"]) for row in rows if row["variation"] == "head"} == {
        ("skipped", found.skipped["head"])
    }


def test_without_its_baseline_there_is_no_study(tmp_path):
    """All else is compared with it."""
    study = miniature_study(baseline={"network": {"backbone": "resnet18"}, "training": {}}, variation=[])
    found = find_backbones(study, base=tmp_path)

    with pytest.raises(EngineError) as caught:
        next(run_study(found.study, miniature_dataset(), folder=tmp_path / "r", engines=[], skipped=found.skipped))

    assert str(caught.value).startswith("the baseline cannot be trained, and all else is compared with it: the weights")


@pytest.fixture
def machine(monkeypatch):
    """Say which engines this machine has."""

    def has(*, lanes, torch):
        build = InstructionSet.PORTABLE if lanes else None
        monkeypatch.setattr("ceteris.execution.engines.chosen_instruction_set", lambda: build)
        monkeypatch.setattr("ceteris.engines.lanes.engine.chosen_instruction_set", lambda: build)
        found = importlib.util.find_spec
        monkeypatch.setattr(
            "ceteris.execution.engines.importlib.util.find_spec",
            lambda name: (object() if torch else None) if name == "torch" else found(name),
        )

    return has


LANES = LanesEngine(instruction_set=InstructionSet.PORTABLE)


def test_the_fastest_engine_comes_first(machine):
    """Lanes trains what it can, and PyTorch what is left, if it is there."""
    machine(lanes=True, torch=True)
    assert choose_engines() == EngineChoice(engines=(LANES, TorchEngine()))
    assert choose_engines("torch") == EngineChoice(engines=(TorchEngine(),))
    assert choose_engines("lanes", device="cpu") == EngineChoice(engines=(LANES,))

    machine(lanes=True, torch=False)
    assert choose_engines("auto") == EngineChoice(engines=(LANES,))


def test_a_gpu_is_for_pytorch(machine, monkeypatch):
    """Who names a device means PyTorch, many runs at once, and one at a time for what that leaves."""
    machine(lanes=True, torch=True)
    monkeypatch.setattr("ceteris.execution.engines._check_device", lambda _: None)

    for device in ("cuda", "mps"):
        engines = (StackedEngine(device=device), TorchEngine(device=device))
        assert choose_engines(device=device) == choose_engines("torch", device=device) == EngineChoice(engines=engines)


@pytest.mark.parametrize("device", ["gpu", "nonsense", "meta", "cuda:99", "mps"])
def test_a_device_that_cannot_compute_is_refused_at_once(monkeypatch, device):
    """Before anything is written, and with those that there are."""
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(EngineError) as error:
        choose_engines(device=device)
    assert str(error.value) == (
        f"the device '{device}' cannot be used: PyTorch finds only cpu on this machine. Name another with "
        "--device, or leave it out for the processor."
    )


def test_a_fallback_is_said(machine):
    """Without compiled kernels PyTorch trains, and results carry a note about it."""
    machine(lanes=False, torch=True)

    assert choose_engines() == EngineChoice(
        engines=(TorchEngine(),),
        notes=("The lanes engine was not compiled; the PyTorch engine trains instead, many times slower.",),
    )


REFUSED = {
    "no such engine": (
        {"lanes": True, "torch": True},
        ("lane", None),
        "there is no engine called 'lane'; did you mean 'lanes'?",
    ),
    "engine unlike any": (
        {"lanes": True, "torch": True},
        ("jax", None),
        "there is no engine called 'jax'; the engines are auto, lanes and torch.",
    ),
    "lanes on a GPU": (
        {"lanes": True, "torch": True},
        ("lanes", "cuda"),
        "--engine lanes trains on the processor, and --device asks for 'cuda'. Leave out one of the two.",
    ),
    "torch is missing": (
        {"lanes": True, "torch": False},
        ("torch", None),
        (
            "the PyTorch engine needs torch, which is not installed. Install it with `pip install torch`, "
            "or leave out --engine and --device."
        ),
    ),
    "nothing there": (
        {"lanes": False, "torch": False},
        ("auto", None),
        (
            "there is no engine on this machine: the lanes engine was not compiled, because no C++ compiler was found "
            "when ceteris was installed, and torch is not installed. Install GCC or Clang and ceteris again, or torch."
        ),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_says_what_cannot_train(machine, case):
    """An engine that is not there, or cannot do what is asked, is an error that says what to do."""
    there, (name, device), sentence = REFUSED[case]
    machine(**there)

    with pytest.raises(EngineError) as error:
        choose_engines(name, device=device)
    assert str(error.value) == sentence
