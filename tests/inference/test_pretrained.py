import importlib.util
import shutil
from dataclasses import replace

import numpy as np
import pytest

from tests.rounding import BACKBONE

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from ceteris.datasets.cache import file_sha256  # noqa: E402
from ceteris.datasets.dataset import split_dataset  # noqa: E402
from ceteris.engines.transfer.engine import FineTuningEngine  # noqa: E402
from ceteris.errors import ResultsError  # noqa: E402
from ceteris.inference import backbone as backbone_module  # noqa: E402
from ceteris.inference.ensemble import ensemble_probabilities, gather  # noqa: E402
from ceteris.inference.pretrained import Pretrained, find_pretrained  # noqa: E402
from ceteris.results.results import read_results  # noqa: E402
from ceteris.results.selection import find_target, finished_findings  # noqa: E402
from tests.inference.pretrained import HEADS, write_weights  # noqa: E402 - needs torch
from tests.inference.trained import trained_dataset, trained_study  # noqa: E402

HALF = 5e-4
"""What float16 leaves of a probability: rounding moves one near 1 by half of 2**-11."""


def gathered(folder, arm, seed=None):
    """Give results, findings and networks of a variation."""
    results = read_results(folder)
    findings = finished_findings(results, find_target(folder / arm), seed)
    return results, findings, gather(results, findings)


@pytest.mark.parametrize("arm", HEADS)
def test_heads_say_again_what_they_said_when_they_were_scored(heads_folder, arm):
    """On the stored test images each seed gives its stored predictions, to what float16 keeps of them."""
    results, findings, ensemble = gathered(heads_folder, arm)

    told = ensemble_probabilities(ensemble, results.images())

    stored = np.stack([results.predictions(one.run).astype(np.float32) for one in findings])
    assert told.shape == (2, 30, 10)
    assert np.abs(told - stored).max() <= HALF
    assert np.abs(told[0] - told[1]).max() > 10 * HALF, "seeds that agree to the last digit would prove nothing"


def test_all_seeds_share_one_pass_through_a_frozen_backbone(heads_folder, monkeypatch):
    """The backbone looks once, however many heads are asked."""
    results, _, ensemble = gathered(heads_folder, "mobilenet_v2")
    looked = []
    frozen_features = backbone_module.frozen_features

    def counted(extractor, images):
        looked.append(extractor.precision)
        return frozen_features(extractor, images)

    monkeypatch.setattr(backbone_module, "frozen_features", counted)
    together = ensemble_probabilities(ensemble, results.images()[:3])

    assert len(ensemble.seeds) == 2
    assert len(looked) == 1
    alone = gathered(heads_folder, "mobilenet_v2", 1)[2]
    np.testing.assert_array_equal(together[1], ensemble_probabilities(alone, results.images()[:3])[0])


@pytest.mark.parametrize(("train", "batch_norm"), [("last 1 block", "frozen"), ("all", "updated")])
def test_fine_tuned_networks_say_what_their_engine_said(tmp_path, train, batch_norm):
    """With the blocks that each seed trained for itself, but for the order in which float32 sums are computed."""
    weights = write_weights(tmp_path, "mobilenet_v2")
    sha256 = file_sha256(weights)
    network = {"backbone": "mobilenet_v2", "resolution": 32, "weights_sha256": sha256, "head": HEADS["mobilenet_v2"]}
    study = trained_study(
        baseline={
            "network": network | {"train": train, "batch_norm": batch_norm},
            "training": {"optimizer": "adam", "learning_rate": 0.001, "batch_size": 20, "epochs": 1},
        },
        variation=[],
        seeds=2,
    )
    dataset = trained_dataset()
    split = split_dataset(dataset, study.data)
    engine = FineTuningEngine(weights=((sha256, weights),))
    outcomes = []
    for run in study.runs(dataset.digest):
        training = engine.start([run], split)
        while training.position.epoch < 1:
            training.advance()
        outcomes += training.outcomes()
    pretrained = Pretrained(network=study.baseline.network, file=weights, precisions=("float32", "float32"))

    told = pretrained.probabilities([one.weights for one in outcomes], dataset.test.images)

    np.testing.assert_allclose(told, np.stack([one.probabilities for one in outcomes]), rtol=0, atol=BACKBONE)
    assert np.abs(told[0] - told[1]).max() > 10 * BACKBONE


def test_weights_are_found_by_their_bytes(heads_folder, tmp_path, monkeypatch):
    """In another folder and under another name, if CETERIS_WEIGHTS says where."""
    moved = tmp_path / "moved" / "results" / "study"
    shutil.copytree(heads_folder, moved)
    shutil.copy(heads_folder.parents[1] / "weights" / "resnet18.pth", tmp_path / "other-name.pth")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CETERIS_WEIGHTS", str(tmp_path))

    _, _, ensemble = gathered(moved, "resnet18", 0)

    assert ensemble.pretrained.file == tmp_path / "other-name.pth"


def test_weights_that_are_not_here_are_said_to_be_missing(heads_folder, tmp_path, monkeypatch):
    """Where they were looked for, which other files are there, and what to do."""
    moved = tmp_path / "moved" / "results" / "study"
    shutil.copytree(heads_folder, moved)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    others = tmp_path / "others"
    others.mkdir()
    (others / "resnet18.pth").write_bytes(b"something else")
    monkeypatch.setenv("CETERIS_WEIGHTS", str(others))
    sha256 = file_sha256(heads_folder.parents[1] / "weights" / "resnet18.pth")

    with pytest.raises(ResultsError) as error:
        gathered(moved, "resnet18")

    assert str(error.value) == (
        f"'resnet18': the weights of resnet18 that it was trained on (SHA-256 {sha256}) are not in "
        f"weights/resnet18.pth, {moved.parent}/weights/resnet18.pth, {moved.parents[1]}/weights/resnet18.pth, "
        f"{others} and {tmp_path}/cache/ceteris/weights (other weights are: {others}/resnet18.pth). "
        "Bring that file there, or name it with CETERIS_WEIGHTS."
    )


def test_without_pytorch_there_is_one_sentence(heads_folder, monkeypatch):
    """What is missing, and how to get it."""
    results = read_results(heads_folder)
    findings = finished_findings(results, find_target(heads_folder / "resnet18"))
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torchvision" else find_spec(name))

    with pytest.raises(ResultsError) as error:
        gather(results, findings)

    assert str(error.value) == (
        "'resnet18' begins with a pretrained resnet18, which needs PyTorch and torchvision, and they are not "
        "installed. Install them with `pip install torch torchvision`, or name another variation."
    )


def test_features_of_another_device_are_said_to_be_so(heads_folder):
    """Each seed keeps the precision of its training; where that was on a GPU, a note says what differs."""
    results = read_results(heads_folder)
    records = [one for one in results.records if one.run.variation == "resnet18"]
    mixed = [
        replace(records[0], arithmetic="float32 on bfloat16 features of cuda, PyTorch 2.10.0"),
        replace(records[1], arithmetic="float32 on float32 features of cpu, PyTorch 2.10.0"),
    ]

    found = find_pretrained(results, mixed)

    assert found.precisions == ("bfloat16", "float32")
    assert found.note == (
        "The features of 'resnet18' were computed on cuda in training, and are computed on cpu here: probabilities "
        "differ in their last digits."
    )
    assert find_pretrained(results, records).note == ""
