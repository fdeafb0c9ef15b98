import importlib.util
from pathlib import Path

import pytest

import ceteris
from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import InstructionSet
from ceteris.engines.torch.engine import TorchEngine
from ceteris.errors import EngineError, StudyError
from ceteris.execution.engines import EngineChoice, choose_engines
from ceteris.networks.dense import Dense
from ceteris.networks.max_pool import MaxPool
from ceteris.testing.calling_thread import CallingThread
from ceteris.testing.executors import results_of


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
    """Who names a device means PyTorch."""
    machine(lanes=True, torch=True)
    monkeypatch.setattr("ceteris.execution.engines._check_device", lambda _: None)

    assert choose_engines(device="cuda") == EngineChoice(engines=(TorchEngine(device="cuda"),))


@pytest.mark.parametrize("device", ["gpu", "nonsense", "meta", "cuda:99", "mps"])
def test_a_device_that_cannot_compute_is_refused_at_once(monkeypatch, device):
    """Before anything is written, and with those that there are."""
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    why = ", which does not know float64" if device == "mps" else ""
    with pytest.raises(EngineError) as error:
        choose_engines(device=device)
    assert str(error.value) == (
        f"the device '{device}'{why} cannot be used: PyTorch finds only cpu on this machine. Name another with "
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


@pytest.fixture
def tiny():
    """A study that trains in a moment on any engine."""
    return ceteris.Study(
        title="Tiny",
        seeds=2,
        data=ceteris.DataChoice(name="shapes", batches=1),
        baseline=ceteris.Baseline(
            network=ceteris.Network(layers=[MaxPool(max_pool=16), Dense(dense="classes")]),
            training=ceteris.Training(epochs=1, batch_size=256),
        ),
    )


def test_a_study_is_run_from_python(tiny, tmp_path, capfd):
    """`ceteris.run` trains without a word, and gives the results."""
    results = ceteris.run(tiny, folder=tmp_path / "results", threads=1)

    assert results.is_complete
    assert [record.run.seed for record in results.records] == [0, 1]
    assert ceteris.read_results(tmp_path / "results").records == results.records
    assert capfd.readouterr() == ("", "")


def test_a_residual_block_is_trained_by_pytorch_beside_runs_of_the_lanes_engine(tiny, tmp_path):
    """An engine that lacks a layer kind leaves its runs to the next, and the report has both."""
    block = {"residual": [{"conv": 3, "kernel": 1, "activation": "relu"}, {"batch_norm": True}]}
    residual = ceteris.Variation(factor="block", name="residual", insert={"before": "network.layers.1", "layer": block})
    study = tiny.model_copy(update={"variations": (residual,), "data": tiny.data.model_copy(update={"fraction": 0.05})})

    results = ceteris.run(study, folder=tmp_path / "results", threads=1)

    assert results.is_complete
    trained = {record.run.variation: record.engine for record in results.records}
    assert trained["residual"] == "torch"
    names = {name for record in results.records for name in results.weights(record.run)}
    assert {name for name in names if "residual" in name} == {
        f"layers.1.residual.{name}"
        for name in ("0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var")
    }


def test_another_executor_gives_the_same_bytes(tiny, tmp_path):
    """Whoever trains the packed batches, in whatever order: an executor is an argument."""
    wider = ceteris.Variation(
        factor="pooling", name="8", set={"network.layers.0.max_pool": 8}
    )  # in another packed batch
    study = tiny.model_copy(update={"variations": (wider,)})
    ceteris.run(study, folder=tmp_path / "local", threads=2)
    ceteris.run(study, folder=tmp_path / "other", executor=CallingThread())

    assert results_of(tmp_path / "other") == results_of(tmp_path / "local")
    assert len(results_of(tmp_path / "other")) == 4 * 5


def test_mistakes_are_errors_of_ours(tiny, tmp_path):
    """From Python, too, a mistake is told in a sentence."""
    with pytest.raises(StudyError) as error:
        ceteris.run(tiny, folder=tmp_path / "results", only=["basline"])
    assert str(error.value) == "there is no variation called 'basline'; did you mean 'baseline'?"


@pytest.mark.parametrize("kind", [str, Path], ids=["text", "path"])
def test_public_functions_take_text_and_paths(tiny, tmp_path, monkeypatch, kind):
    """Each expands `~`, as the command line does."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "tiny.toml").write_text(
        'title = "Tiny"\nseeds = 2\n'
        '[data]\nname = "shapes"\nbatches = 1\n'
        "[baseline.training]\nepochs = 1\nbatch_size = 256\n"
        '[baseline.network]\nlayers = [{ max_pool = 16 }, { dense = "classes" }]\n'
    )

    study = ceteris.read_study(kind("~/tiny.toml"))
    assert study == tiny
    for name in ("one", "two"):
        assert ceteris.run(study, folder=kind(f"~/{name}"), base=kind("~"), threads=1).is_complete
    assert ceteris.read_results(kind("~/one")).folder.path == tmp_path / "one"
    assert ceteris.write_report(kind("~/one")).page == tmp_path / "one" / "report.html"
    assert ceteris.write_report(kind("~/one"), out=kind("~/elsewhere")).page == tmp_path / "elsewhere" / "report.html"
    compared = ceteris.compare_results(kind("~/one"), kind("~/two"))
    assert compared.first.manifest.study == compared.second.manifest.study


def test_a_home_directory_that_nobody_has_is_told(tiny):
    """In a sentence, by each function that takes a path."""
    sentence = "~nosuchuser/x: no home directory is known for '~nosuchuser'. Write the path in full."
    for call in (
        ceteris.read_study,
        lambda path: ceteris.run(tiny, folder=path),
        lambda path: ceteris.run(tiny, folder="x", data=path),
        ceteris.read_results,
        ceteris.write_report,
        lambda path: ceteris.compare_results(path, path),
    ):
        with pytest.raises(ceteris.CeterisError) as caught:
            call("~nosuchuser/x")
        assert str(caught.value) == sentence
