"""Results folders in every state that a user may bring them into."""

import shutil
from pathlib import Path
from types import MappingProxyType

import pytest

from ceteris.analysis.study_analysis import analyze
from ceteris.datasets.dataset import Origin
from ceteris.results.results import read_results
from tests.made_up import VARIATIONS, made_up_dataset, made_up_folder, made_up_study

DEEPER, SHALLOW, TANH, _ = VARIATIONS
HOSTILE = '<script>alert(1)</script> | a_b % & "q" `c` \\x {y} $z$ ~ ^ # * [l](u) \N{GREEK SMALL LETTER PI}'
HOSTILE_CLASSES = ("<b>&amp;</b>", "a|b", "$x$", "c_d%", '"', "`", "\\", "e" * 60, "]]>", "<!--")

NOTHING = MappingProxyType({})
FEW = {"seeds": 3, "variation": (DEEPER, SHALLOW)}


def _small(path, *, became="finished", dataset=None, measured=NOTHING, skipped=NOTHING, **changes):
    """Write a study of two variations and three seeds, but for what a state changes."""
    study = made_up_study(**(FEW | changes))
    return made_up_folder(path, study=study, dataset=dataset, became=became, measured=measured, skipped=skipped)


def _half(path):
    """Leave one variation with two of three seeds and the other with none."""
    missing = {("shallow", seed): "missing" for seed in range(3)}
    return _small(path, became=missing | {("deeper", 1): "unfinished", ("deeper", 2): "failed"})


def _some_troubles(path):
    """Let some runs of every arm diverge, fail or be missing, and one finish no better than guessing."""
    became = {("baseline", 1): "diverged", ("deeper", 2): "diverged", ("noisy", 3): "failed", ("tanh", 4): "missing"}
    return made_up_folder(path, became=became | {("baseline", 5): "guessing"})


def _hostile(path):
    """Call everything what would break a page, a table or a picture that took it for markup."""
    return _small(
        path,
        title=f"Title {HOSTILE}",
        question=f"Question {HOSTILE}",
        variation=(
            DEEPER | {"name": HOSTILE[:80].strip(), "factor": "</style><img src=http://example.com/x>"},
            SHALLOW | {"name": "w" * 80, "factor": "'; --"},
        ),
        dataset=made_up_dataset(class_names=HOSTILE_CLASSES, source=f"images {HOSTILE}", notes=(f"Note {HOSTILE}.",)),
    )


def _real(origin, notes, path, **data):
    return _small(
        path,
        data={"name": "cifar10", **data},
        dataset=made_up_dataset(name="cifar10", origin=origin, source="the archive", notes=notes),
    )


HEAD = {"factor": "transfer", "name": "head", "network": {"backbone": "resnet18", "weights": "r18.pth"}}
WEAK_HEAD = HEAD | {"name": "weak head"}
FEWER = (
    HEAD | {"factor": "images", "name": "head, a tenth", "set": {"data.fraction": 0.1}},
    {"factor": "images", "name": "small, a tenth", "set": {"data.fraction": 0.1}},
)
LEFT_OUT = HEAD | {"name": "left out", "network": {"backbone": "mobilenet_v2", "weights": "m.pth"}}
WHY = "the weights of mobilenet_v2 are not on this machine. Bring them and run the same command again"


def timed(milliseconds, pretrained=0):
    """Say how long a prediction took, and how large a file of pretrained weights it needed."""
    return {
        "prediction (milliseconds)": milliseconds,
        "prediction, first quartile (milliseconds)": 0.9 * milliseconds,
        "prediction, third quartile (milliseconds)": 1.2 * milliseconds,
        "prediction (images)": 100.0,
        "pretrained weights (bytes)": float(pretrained),
    }


def _transfer(path):
    """Compare a small network with a pretrained one, on all images and on a tenth, and leave out another."""
    features = {"feature extraction (seconds)": 20.0, "feature drift (relative)": 0.02}
    slow, fast = timed(9.5, 14_000_000), timed(0.125)
    return _small(
        path,
        seeds=6,
        variation=(DEEPER, HEAD, *FEWER, LEFT_OUT),
        measured={"baseline": fast, "head": features | slow, "head, a tenth": features},
        skipped={"left out": WHY},
    )


def _level(variation):
    """Give the changes of a variation as the only level of a crossed factor, under the variation's name."""
    return {"name": variation["factor"], "levels": {key: variation[key] for key in variation if key != "factor"}}


NORM = {"factor": "norm", "name": "batch norm", "insert": {"after": "network.layers.1", "layer": {"batch_norm": True}}}
CROSSES = (
    {"name": "depth x activation", "factor": [_level(DEEPER), _level(TANH)]},
    {
        "name": "three factors",
        "factor": [_level(one) for one in (DEEPER | {"factor": "depth"}, NORM)]
        + [
            {
                "name": "rate",
                "baseline": "0.01",
                "levels": [{"name": name, "set": {"training.learning_rate": float(name)}} for name in ("0.02", "0.03")],
            }
        ],
    },
)


def _crossed(path):
    """Cross factors of which one level is a variation too; two runs of a combination learned nothing."""
    became = {("deeper, tanh", 1): "diverged", ("deeper, tanh", 4): "guessing", ("batch norm", 2): "failed"}
    return made_up_folder(path, study=made_up_study(seeds=6, variation=(DEEPER, SHALLOW), cross=CROSSES), became=became)


COSINE = {"factor": "schedule", "name": "cosine", "set": {"training.schedule": "cosine"}}
MOVED = {"factor": "augmentation", "name": "moved", "set": {"training.flip": True, "training.rotation": 10.0}}
LOOKS = {"first": 8, "step": 4, "most": 16}


def _looks(path):
    """Add seeds where the verdict is open, up to the last look."""
    asked = {"baseline": 16, "deeper": 8, "shallow": 8, "tanh": 8, "noisy": 16}
    return made_up_folder(path, study=made_up_study(seeds=LOOKS), asked=asked)


STATES = {
    "complete": made_up_folder,
    "crossed": _crossed,
    "crossed, one seed": lambda path: _small(path, seeds=1, variation=(), cross=CROSSES[:1]),
    "crossed, empty": lambda path: _small(
        path, variation=(), cross=CROSSES[:1], became={("deeper, tanh", seed): "diverged" for seed in range(3)}
    ),
    "empty": lambda path: _small(path, became="missing"),
    "half": _half,
    "one seed": lambda path: _small(path, seeds=1),
    "one seed so far": lambda path: _small(
        path, became={(arm, seed): "missing" for arm in ("baseline", "deeper", "shallow") for seed in (1, 2)}
    ),
    "all diverged": lambda path: _small(path, became="diverged"),
    "one diverged run": lambda path: _small(path, seeds=1, variation=(), became="diverged"),
    "baseline diverged": lambda path: _small(path, became={("baseline", seed): "diverged" for seed in range(3)}),
    "a variation diverged": lambda path: _small(path, became={("deeper", seed): "diverged" for seed in range(3)}),
    "all failed": lambda path: _small(path, became="failed"),
    "baseline missing": lambda path: _small(path, became={("baseline", seed): "missing" for seed in range(3)}),
    "some troubles": _some_troubles,
    "few images": lambda path: _small(
        path, variation=(DEEPER, {"factor": "images", "name": "a tenth", "set": {"data.fraction": 0.1}})
    ),
    "schedule and augmentation": lambda path: _small(path, variation=(COSINE, MOVED)),
    "pretrained": lambda path: _small(
        path,
        became="missing",
        baseline={"network": {"backbone": "resnet18"}, "training": {"learning_rate": 0.001, "epochs": 2}},
        variation=({"factor": "training", "name": "all", "set": {"network.train": "all"}},),
    ),
    "transfer": _transfer,
    "transfer, half done": lambda path: _small(
        path,
        variation=(HEAD, *FEWER),
        became={("head", seed): "missing" for seed in range(3)} | {("small, a tenth", 1): "failed"},
    ),
    "transfer, one seed": lambda path: _small(path, seeds=1, variation=(HEAD, *FEWER)),
    "all pretrained skipped": lambda path: _small(path, variation=(LEFT_OUT,), skipped={"left out": WHY}),
    "looks": _looks,
    "no variations": lambda path: _small(path, variation=()),
    "one variation": lambda path: _small(path, variation=(TANH,)),
    "hostile": _hostile,
    "official": lambda path: _real(Origin.OFFICIAL, (), path),
    "modified copy, first batch": lambda path: _real(
        Origin.MODIFIED, ("This copy is not the official one.",), path, batches=1
    ),
}
"""How a folder of each state is written, by what it is called."""


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Give the results folder of a state; it is made once, so leave it as it is."""
    made = {}

    def give(state: str) -> Path:
        if state not in made:
            made[state] = STATES[state](tmp_path_factory.mktemp("state") / "results")
        return made[state]

    return give


@pytest.fixture(scope="session")
def analyses(folders):
    """Give the analysis of a state."""
    made = {}

    def give(state: str):
        if state not in made:
            made[state] = analyze(read_results(folders(state)))
        return made[state]

    return give


@pytest.fixture
def copied(folders, tmp_path):
    """Copy the results folder of a state, for a test that changes it."""

    def copy(state: str) -> Path:
        return Path(shutil.copytree(folders(state), tmp_path / "results"))

    return copy


@pytest.fixture(params=STATES)
def state(request):
    """Go through all states."""
    return request.param
