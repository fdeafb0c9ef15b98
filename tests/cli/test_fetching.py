import io

import pytest
from rich.console import Console

from ceteris.cli.fetching import download_weights, get_images, show_progress
from ceteris.datasets.choice import DataChoice
from ceteris.datasets.dataset import Origin
from ceteris.datasets.source import Received, Setback, Waiting
from ceteris.errors import DataError
from ceteris.study.study import Study
from ceteris.testing.miniature import miniature_study
from tests.datasets.weights_server import CONTENT, NAME


@pytest.fixture
def on_cifar10(study, tmp_path, monkeypatch):
    """A study on CIFAR-10 on a machine that has none, and no network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CETERIS_DATA", raising=False)

    def fetch(_folder):
        raise DataError("CIFAR-10 could not be downloaded.")
        yield

    monkeypatch.setattr("ceteris.datasets.cifar10.fetch_cifar10", fetch)
    return Study(**{**dict(study), "data": DataChoice(batches=1)})


@pytest.fixture
def shapes(monkeypatch):
    """Say how many batches were asked for, instead of drawing them."""
    asked = []
    monkeypatch.setattr(
        "ceteris.datasets.shapes.draw_shapes", lambda *, batches: asked.append(batches) or Origin.BUILT_IN
    )
    return asked


def test_shapes_need_nothing(study, console, shapes):
    """The built-in images are drawn without a word."""
    images = get_images(study, location=None, or_shapes=False, console=console)

    assert (images.study, images.notes) == (study, ())
    assert shapes == [study.data.batches]
    assert console.file.getvalue() == ""


def test_cifar10_is_cifar10_or_an_error(on_cifar10, console, shapes):
    """Nothing takes the place of CIFAR-10 unasked."""
    with pytest.raises(DataError) as error:
        get_images(on_cifar10, location=None, or_shapes=False, console=console)
    assert str(error.value) == "CIFAR-10 could not be downloaded."
    assert shapes == []


def test_shapes_take_its_place_loudly_where_that_is_allowed(on_cifar10, console, shapes):
    """On the terminal, in the title and in a note that is stored: the numbers are not about CIFAR-10."""
    images = get_images(on_cifar10, location=None, or_shapes=True, console=console)

    note = "CIFAR-10 is not available, so the built-in shapes are used instead: no number here is about CIFAR-10."
    assert images.notes == (note,)
    assert images.study.title == "A miniature - on built-in shapes instead"
    assert images.study.data == DataChoice(name="shapes", batches=1)
    assert shapes == [images.study.data.batches]
    assert console.file.getvalue() == f"CIFAR-10 could not be downloaded.\nWARNING: {note}\n"


def test_a_copy_that_was_named_and_is_not_there_is_an_error_all_the_same(on_cifar10, console, tmp_path):
    """Who names a copy means that copy."""
    with pytest.raises(DataError) as error:
        get_images(on_cifar10, location=tmp_path / "absent", or_shapes=True, console=console)
    assert str(error.value).startswith(f"--data {tmp_path / 'absent'}")


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


EVENTS = (
    Setback(url="https://one.example/cifar.tgz", reason="answered 404 Not Found"),
    *(
        Received(url="https://two.example/c", received=received, total=200_000_000)
        for received in range(0, 200_000_001, 5_000_000)
    ),
)


def test_a_log_has_a_line_for_every_tenth(console, tmp_path):
    """Without a terminal, eleven lines tell of the whole download, and one of each thing that went wrong."""
    show_progress(
        iter((Waiting(doing="downloading", folder=tmp_path, holder="process 7 on node1"), *EVENTS)),
        console,
        what="CIFAR-10",
    )

    lines = console.file.getvalue().splitlines()
    assert lines[:2] == [
        f"note: process 7 on node1 is downloading into {tmp_path}; waiting for it.",
        "note: one.example answered 404 Not Found; asking the next server.",
    ]
    assert lines[2:] == [f"CIFAR-10: {20 * tenth} of 200 MB" for tenth in range(11)]


def test_a_terminal_has_a_bar():
    """On a terminal the line is redrawn in place."""
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None)
    show_progress(iter(EVENTS), console)

    shown = console.file.getvalue()
    assert "one.example answered 404 Not Found" in shown
    assert "CIFAR-10: " not in shown
    assert "\x1b[" in shown


def test_what_ends_the_download_goes_through(console):
    """The error is for the caller."""

    def events():
        yield EVENTS[0]
        raise DataError("no.")

    with pytest.raises(DataError, match=r"^no\.$"):
        show_progress(events(), console)
