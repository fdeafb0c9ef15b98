from importlib import import_module
from pathlib import Path

import pytest

import ceteris
from ceteris.errors import StudyError
from ceteris.networks.dense import Dense
from ceteris.networks.pooling import MaxPool
from ceteris.testing.executors import CallingThread, results_of
from tests.documents import few_images


@pytest.fixture(autouse=True)
def small():
    """Draw few images, which say as much."""
    with few_images():
        yield


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


def test_mixed_images_are_trained_by_pytorch_beside_runs_of_the_lanes_engine(tiny, tmp_path):
    """An engine that does not follow a setting leaves its runs to the next, and the report has both."""
    block = {"residual": [{"conv": 3, "kernel": 1, "activation": "relu"}, {"batch_norm": True}]}
    residual = ceteris.Variation(
        factor="block",
        name="residual",
        insert={"before": "network.layers.1", "layer": block},
        set={"training.mixup": 0.2},
    )
    study = tiny.model_copy(update={"variations": (residual,), "data": tiny.data.model_copy(update={"fraction": 0.2})})

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


def test_shards_are_trained_and_put_together_from_python(tiny, tmp_path):
    """What comes out has the results of the study trained at once."""
    wider = ceteris.Variation(factor="pooling", name="8x8", set={"network.layers.0.max_pool": 8})
    study = ceteris.Study(**{**dict(tiny), "variations": [wider]})
    folders = [tmp_path / "one", tmp_path / "two"]
    parts = [
        ceteris.run(study, folder=folder, shard=f"{number}/2", threads=1) for number, folder in enumerate(folders, 1)
    ]
    merged = ceteris.merge_results([str(folder) for folder in folders], tmp_path / "all")
    alone = ceteris.run(study, folder=tmp_path / "alone", threads=1)

    assert [len(part.records) for part in parts] == [2, 2]
    assert merged.added == 4
    assert results_of(tmp_path / "all") == results_of(tmp_path / "alone")
    assert ceteris.read_results(tmp_path / "all").records == alone.records


def test_mistakes_are_errors_of_ours(tiny, tmp_path):
    """From Python, too, a mistake is told in a sentence."""
    with pytest.raises(StudyError) as error:
        ceteris.run(tiny, folder=tmp_path / "results", only=["basline"])
    assert str(error.value) == "there is no variation called 'basline'; did you mean 'baseline'?"


@pytest.mark.parametrize(
    ("given", "found", "end"),
    [
        ("study.toml", "a str", "read one with ceteris.read_study('study.toml')."),
        ({"title": "Tiny"}, "a dict", "give a ceteris.Study."),
    ],
)
def test_what_is_no_study_is_refused(tmp_path, given, found, end):
    """The name of a file is what most would try."""
    with pytest.raises(StudyError) as error:
        ceteris.run(given, folder=tmp_path / "results")
    assert str(error.value) == f"ceteris.run trains a study, and was given {found}; {end}"


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


OWN = """\
from torch import nn


def net(classes, image_shape):
    return nn.Sequential(nn.Flatten(), nn.MaxPool1d(64), nn.Linear(image_shape[0] * 16, classes))


def train(request):
    for _ in range(request.epochs):
        yield dict.fromkeys(("training_loss", "training_accuracy", "validation_loss", "validation_accuracy"), 0.5)
    return [[1 / request.classes] * request.classes] * len(request.test_images)
"""


def test_code_of_ones_own_stands_for_the_baselines(tiny, tmp_path, monkeypatch):
    """A module in place of its network, a function in place of its training, each from a file that Python imported."""
    (tmp_path / "own_of_running.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))
    own, few = import_module("own_of_running"), {"data": tiny.data.model_copy(update={"fraction": 0.2})}
    study, options = tiny.model_copy(update=few), {"executor": CallingThread()}
    by_module = ceteris.run(study, folder=tmp_path / "module", network=own.net, **options)
    by_function = ceteris.run(study, folder=tmp_path / "function", train=own.train, **options)

    assert [record.engine for record in by_module.records] == ["torch", "torch"]
    assert by_module.records[0].parameters == 3 * 16 * 10 + 10
    assert [record.engine for record in by_function.records] == ["own function", "own function"]
