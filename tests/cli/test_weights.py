import pytest

from ceteris.cli.weights import download_weights
from ceteris.testing.miniature import miniature_study
from tests.datasets.weights_server import CONTENT, NAME

pytest.importorskip("torchvision")


@pytest.fixture
def study():
    """Two arms on ResNet-18."""
    head = {"factor": "transfer", "name": "head", "network": {"backbone": "resnet18"}}
    slow = {"name": "slow head", "set": {"training.learning_rate": 0.001}}
    return miniature_study(variation=[head, head | slow])


def test_weights_are_downloaded_before_training(study, tmp_path, console, weights_server):
    """Once for all arms, and every byte is checked; the second time they are there."""
    download_weights(study, base=tmp_path, console=console)

    lines = console.file.getvalue().splitlines()
    assert (lines[0], lines[-1]) == ("weights of resnet18: 0 of 0 MB", "weights of resnet18: 0 of 0 MB")
    assert (tmp_path / "cache" / "ceteris" / "weights" / NAME).read_bytes() == CONTENT
    (weights_server / NAME).unlink()
    download_weights(study, base=tmp_path, console=console)
    assert console.file.getvalue().splitlines() == lines


def test_that_they_cannot_be_downloaded_is_told_with_what_to_do(study, tmp_path, console, weights_server):
    """And is no error: the rest of the study is trained."""
    (weights_server / NAME).unlink()
    download_weights(study, base=tmp_path, console=console)

    folder = tmp_path / "cache" / "ceteris" / "weights"
    first, last = console.file.getvalue().splitlines()
    assert first == "weights of resnet18: 0 of 0 MB"
    host = last.split(": ")[1].split()[0]
    assert last == (
        f"the weights of resnet18 could not be downloaded into {folder}: {host} answered 404 Not Found. Check the "
        "network and run the same command again, which keeps what has arrived; or copy resnet18-00000000.pth from "
        "another machine into that folder, or name its place with CETERIS_WEIGHTS."
    )
