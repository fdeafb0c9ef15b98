"""The miniature study of the execution tests, on the command line."""

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from ceteris.cli.application import main
from ceteris.cli.estimate import Estimate
from ceteris.cli.fetching import Images
from ceteris.execution.engines import EngineChoice
from ceteris.report.report import Report
from ceteris.resources import Cores, Memory
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_study
from tests.datasets.weights_server import OFFICIAL, serving
from tests.report.undrawn import undrawn  # noqa: F401 - a fixture

STUDY = """\
title = "A miniature"
seeds = 3

[data]
name = "shapes"
batches = 1
validation = 0.34

[baseline.network]
layers = [{ max_pool = 8 }, { dense = "classes" }]

[baseline.training]
learning_rate = 0.1
batch_size = 8
epochs = 3

[analysis]
margin = 10

[[variation]]
factor = "learning rate"
name = "0.5"
set = { "training.learning_rate" = 0.5 }

[[variation]]
factor = "pooling"
name = "Pool 4x4"
set = { "network.layers.0.max_pool" = 4 }
"""


@pytest.fixture
def study():
    """Three arms, three seeds, three epochs."""
    return miniature_study(data={"name": "shapes", "batches": 1, "validation": 0.34})


@pytest.fixture
def study_file(tmp_path, monkeypatch):
    """The same as a file, in the folder that the command is started in."""
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(STUDY)
    return Path("study.toml")


@pytest.fixture
def console():
    """A console of 100 columns that is no terminal; `console.file.getvalue()` is what was printed."""
    return Console(file=io.StringIO(), width=100, highlight=False)


@pytest.fixture
def engine(monkeypatch):
    """Put an engine whose training takes microseconds in the place of the real ones; call it for one that fails."""

    def put(**trouble):
        choice = EngineChoice(engines=(FakeEngine(**trouble),))
        for module in ("plan", "run"):
            monkeypatch.setattr(f"ceteris.cli.{module}.choose_engines", lambda *_, **__: choice)

        def estimate(batches, *_, **__):
            return Estimate(seconds=90.0, speed=1234.0, batches=tuple(batch.work for batch in batches))

        monkeypatch.setattr("ceteris.cli.run.estimate_time", estimate)

    put()
    return put


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Start with an empty cache, where no speed was measured before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def measured_shortly(monkeypatch):
    """Measure how fast this machine trains for a moment where a study is really trained, in place of a second."""
    monkeypatch.setattr("ceteris.cli.run._MEASURED_SECONDS", 0.05)


@pytest.fixture(autouse=True)
def unlimited(monkeypatch):
    """Plan for a machine whose cores nothing limits, and with 16 GB of memory, whichever the tests run on."""
    monkeypatch.setattr("ceteris.cli.needs.cores", lambda: Cores(count=2))
    monkeypatch.setattr(
        "ceteris.execution.local.free_memory", lambda: Memory(free=16_000_000_000, limit="on this machine")
    )


@pytest.fixture(autouse=True)
def no_report(request, monkeypatch):
    """Keep `run` from drawing a report after each study, which takes seconds; only its own tests want one."""
    if request.path.name != "test_report.py":
        monkeypatch.setattr("ceteris.cli.report.publish", lambda *_, **__: request.getfixturevalue("empty_report"))


@pytest.fixture
def empty_report():
    """Where a report would be."""
    folder = Path("results/study")
    return Report(
        page=folder / "report.html",
        text=folder / "report.md",
        verdicts=folder / "verdicts.json",
        table=folder / "results.csv",
        pictures=(),
        sections=(),
    )


@pytest.fixture
def few_images(monkeypatch):
    """Put a few images of noise in the place of the data set."""

    def get(study, **_):
        return Images(study=study, dataset=miniature_dataset())

    monkeypatch.setattr("ceteris.cli.run.get_images", get)


@pytest.fixture
def ceteris(monkeypatch, capsys):
    """Call the command; gives exit code, standard output and standard error."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["ceteris", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return call


@pytest.fixture
def weights_server(tmp_path, monkeypatch):
    """A machine with an empty cache, in a world where the weights of ResNet-18 are small and lie on this machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CETERIS_WEIGHTS", raising=False)
    monkeypatch.setattr("ceteris.datasets.weights.OFFICIAL_WEIGHTS", OFFICIAL)
    with serving(tmp_path / "served") as address:
        monkeypatch.setattr("ceteris.datasets.weights._SERVER", address)
        yield tmp_path / "served"
