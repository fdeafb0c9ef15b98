import hashlib

import pytest

from ceteris.datasets import weights
from ceteris.datasets.weights import fetch_weights, find_weights, named_weights
from ceteris.errors import DataError
from ceteris.networks.backbone import Backbone, BackboneNetwork
from tests.datasets.weights_server import CONTENT, NAME, OFFICIAL, SHA256, serving


@pytest.fixture(autouse=True)
def _machine(tmp_path, monkeypatch):
    """A machine with an empty cache, in a world where torchvision's weights are small."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CETERIS_WEIGHTS", raising=False)
    monkeypatch.setattr(weights, "OFFICIAL_WEIGHTS", OFFICIAL)


@pytest.fixture
def server(tmp_path):
    """Serve a folder on 127.0.0.1."""
    with serving(tmp_path / "served") as address:
        yield address, tmp_path / "served"


def network(**changed):
    """A network on ResNet-18."""
    return BackboneNetwork(backbone="resnet18", **changed)


def test_downloaded_weights_are_found(tmp_path, server):
    """Nothing is there; they are fetched; they are there."""
    assert find_weights(network(), base=tmp_path) is None

    list(fetch_weights(Backbone.RESNET18, server=server[0]))

    found = find_weights(network(), base=tmp_path)
    assert (found.path.read_bytes(), found.sha256, found.note) == (CONTENT, SHA256, "")


def test_other_bytes_are_not_taken(server):
    """A file of the right name and size is known by all its bytes."""
    (server[1] / NAME).write_bytes(CONTENT[:-1] + b"x")

    with pytest.raises(DataError) as caught:
        list(fetch_weights(Backbone.RESNET18, server=server[0]))

    assert "sent other bytes than the official archive's" in str(caught.value)
    advice = "Check the network and run the same command again, which keeps what has arrived; or copy"
    assert str(caught.value).endswith(
        f" {advice} {NAME} from another machine into that folder, or name its place with CETERIS_WEIGHTS."
    )


def test_weights_that_changed_in_the_cache_are_told(tmp_path, server):
    """Every byte is read again each time."""
    list(fetch_weights(Backbone.RESNET18, server=server[0]))
    path = find_weights(network(), base=tmp_path).path
    path.write_bytes(CONTENT[:-1] + b"x")

    with pytest.raises(DataError) as caught:
        find_weights(network(), base=tmp_path)

    advice = "Replace it with `ceteris data fetch resnet18`."
    assert str(caught.value) == f"{path} was changed after it was downloaded: its SHA-256 does not match. {advice}"


def test_a_file_is_named_from_the_folder_of_the_study(tmp_path):
    """`weights = "mine.pth"` beside the study file."""
    (tmp_path / "mine.pth").write_bytes(b"mine")

    found = find_weights(network(weights="mine.pth"), base=tmp_path)

    assert found.path == tmp_path / "mine.pth"
    assert found.sha256 == hashlib.sha256(b"mine").hexdigest()


def test_a_file_that_is_not_there_is_told(tmp_path):
    """Where it was looked for, and what to do."""
    with pytest.raises(DataError) as caught:
        find_weights(network(weights="mine.pth"), base=tmp_path)

    path, advice = (
        tmp_path / "mine.pth",
        "Give the path of a file that torch.save wrote, from the folder of the study on",
    )
    expected = f'the weights cannot be read (no such file or directory). {advice}; or say weights = "imagenet".'
    assert str(caught.value) == f"{path}: {expected}"


def test_the_file_must_be_the_one_that_the_study_means(tmp_path):
    """A digest in the study holds whoever runs it to the same file."""
    (tmp_path / "mine.pth").write_bytes(b"mine")

    with pytest.raises(DataError) as caught:
        find_weights(network(weights="mine.pth", weights_sha256="a" * 64), base=tmp_path)

    assert "has SHA-256 " in str(caught.value)
    assert f"expected {'a' * 64}, as the study says." in str(caught.value)


def test_a_substitute_is_taken_and_told(tmp_path, monkeypatch):
    """CETERIS_WEIGHTS names other weights than torchvision's."""
    (tmp_path / "resnet18-mine.pth").write_bytes(b"mine")
    monkeypatch.setenv("CETERIS_WEIGHTS", str(tmp_path))

    found = find_weights(network(), base=tmp_path)

    assert found.path.name == "resnet18-mine.pth"
    assert found.note == (
        "The weights of resnet18 are not torchvision's file but resnet18-mine.pth, which CETERIS_WEIGHTS names "
        f"(SHA-256 {found.sha256[:8]}): compare these results with each other, not with published ones."
    )


def test_torchvisions_own_in_the_named_folder_need_no_note(tmp_path, monkeypatch):
    """The official file comes first, and is known by its bytes."""
    (tmp_path / "resnet18-0.pth").write_bytes(b"mine")
    (tmp_path / NAME).write_bytes(CONTENT)
    monkeypatch.setenv("CETERIS_WEIGHTS", str(tmp_path))

    found = find_weights(network(), base=tmp_path)

    assert (found.path.name, found.note) == (NAME, "")


def test_an_empty_folder_is_told(tmp_path, monkeypatch):
    """What was named must hold something."""
    monkeypatch.setenv("CETERIS_WEIGHTS", str(tmp_path))

    with pytest.raises(DataError) as caught:
        find_weights(network(), base=tmp_path)

    assert str(caught.value) == (
        f"CETERIS_WEIGHTS {tmp_path}: no weights of resnet18 there. Name a folder that holds {NAME}, or the "
        "file itself, or unset CETERIS_WEIGHTS."
    )


def test_the_named_weights_are_listed_as_what_they_are(tmp_path, monkeypatch):
    """`ceteris data` says which files a study would find, and which are torchvision's."""
    assert named_weights() == ""
    monkeypatch.setenv("CETERIS_WEIGHTS", str(tmp_path))
    assert named_weights() == f"CETERIS_WEIGHTS: {tmp_path}: no file that ends in .pth"
    (tmp_path / NAME).write_bytes(CONTENT)
    (tmp_path / "resnet18-mine.pth").write_bytes(b"mine")
    assert named_weights() == (
        f"CETERIS_WEIGHTS: {tmp_path}: {NAME} (torchvision's file) and resnet18-mine.pth (not torchvision's file)"
    )
    monkeypatch.setenv("CETERIS_WEIGHTS", str(tmp_path / "resnet18-mine.pth"))
    assert named_weights().endswith("resnet18-mine.pth: resnet18-mine.pth (not torchvision's file)")
    monkeypatch.setenv("CETERIS_WEIGHTS", "~nosuchuser/weights")
    assert named_weights().startswith("error: CETERIS_WEIGHTS: ~nosuchuser/weights: no home directory is known")


def test_changed_weights_in_the_cache_are_replaced_by_a_download(tmp_path, server):
    """The command that the message names brings the right ones."""
    list(fetch_weights(Backbone.RESNET18, server=server[0]))
    path = find_weights(network(), base=tmp_path).path
    path.write_bytes(CONTENT[:-1] + b"x")

    list(fetch_weights(Backbone.RESNET18, server=server[0]))

    assert find_weights(network(), base=tmp_path).sha256 == SHA256
