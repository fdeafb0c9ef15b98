import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ceteris.data import weights
from ceteris.data.cifar10 import Archive
from ceteris.data.weights import fetch_weights, find_weights
from ceteris.errors import DataError
from ceteris.networks.backbone import Backbone, BackboneNetwork

CONTENT = b"PK\x03\x04" + bytes(2000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = "resnet18-00000000.pth"


@pytest.fixture(autouse=True)
def _machine(tmp_path, monkeypatch):
    """A machine with an empty cache, in a world where torchvision's weights are small."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CETERIS_WEIGHTS", raising=False)
    official = {Backbone.RESNET18: Archive(name=NAME, size=len(CONTENT), sha256=SHA256)}
    monkeypatch.setattr(weights, "OFFICIAL_WEIGHTS", official)


@pytest.fixture
def server(tmp_path):
    """Serve a folder on 127.0.0.1."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / NAME).write_bytes(CONTENT)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}", folder
    running.shutdown()
    thread.join()
    running.server_close()


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
    assert str(caught.value).endswith(f"or bring {NAME} into that folder.")


def test_weights_that_changed_in_the_cache_are_told(tmp_path, server):
    """Every byte is read again each time."""
    list(fetch_weights(Backbone.RESNET18, server=server[0]))
    path = find_weights(network(), base=tmp_path).path
    path.write_bytes(CONTENT[:-1] + b"x")

    with pytest.raises(DataError) as caught:
        find_weights(network(), base=tmp_path)

    expected = "was changed after it was downloaded: its SHA-256 does not match. Delete it."
    assert str(caught.value) == f"{path} {expected}"


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
    assert found.note.startswith("The weights of resnet18 are not torchvision's own but another file")


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
        f"CETERIS_WEIGHTS {tmp_path}: no weights of resnet18 there. Name a folder that holds {NAME}, or unset it."
    )
