from dataclasses import replace

import numpy as np
import pytest

from ceteris.datasets.choice import SOURCES, DataChoice
from ceteris.datasets.cifar100 import Cifar100
from ceteris.datasets.dataset import Origin
from ceteris.datasets.fashion_mnist import FashionMnist
from ceteris.datasets.mnist import Mnist
from ceteris.datasets.published import PublishedSource
from ceteris.datasets.source import LOCKS, Received, Setback, finished
from ceteris.datasets.svhn import Svhn
from ceteris.errors import DataError
from tests.datasets.published_files import FILES, OFFERED, TEST, TRAINING, labelled, packed, small, write
from tests.datasets.test_download import ranged, send, server

ALL = (Mnist, FashionMnist, Cifar100, Svhn)
PUBLISHED = [source for source in SOURCES if isinstance(source, PublishedSource)]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of its own, and no copy of the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CETERIS_DATA", raising=False)
    return tmp_path / "cache" / "ceteris"


def read(source, *, location=None, download=False):
    """Read a data set whole."""
    return finished(source.read(DataChoice(name=source.name), location=location, download=download))


def test_every_published_data_set_is_tested_here():
    """A new one is added to the list above."""
    assert {type(source) for source in PUBLISHED} == set(ALL)


@pytest.mark.parametrize("source", PUBLISHED, ids=lambda source: source.name)
def test_what_a_data_set_is_known_by_is_whole(source):
    """Checksums of every file and of every content, addresses that end where a file name follows, distinct classes."""
    release = source.release
    digests = [file.sha256 for file in release.files] + list(release.contents.values())

    assert all(len(digest) == 64 and set(digest) <= set("0123456789abcdef") for digest in digests)
    assert len(set(release.contents.values())) == len(release.contents)
    assert all(address.startswith(("https://", "http://")) and address.endswith("/") for address in release.servers)
    assert len(set(source.class_names)) == len(source.class_names)
    kind = source.known(DataChoice(name=source.name))
    assert (kind.classes, kind.test_images) == (len(source.class_names), release.test)
    assert kind.training_images + kind.validation_images == release.training


@pytest.mark.parametrize("source", ALL)
@pytest.mark.parametrize("form", ["offered", "unpacked"])
def test_official_files_are_read_and_recognised(tmp_path, source, form):
    """In every form in which they come: the same images and labels, and official."""
    one = small(source)
    folder = write(tmp_path / "mine", OFFERED[source] if form == "offered" else FILES[source])

    dataset = read(one, location=folder)

    salt = 1 if source is FashionMnist else 0
    shape = (one.shape.height, one.shape.width, one.shape.channels)
    expected = list(labelled(shape[:2] if shape[2] == 1 else shape, len(one.class_names), salt=salt))
    for (images, labels), found in zip(expected, (dataset.training, dataset.test), strict=True):
        np.testing.assert_array_equal(found.images, images.reshape(-1, *shape))
        np.testing.assert_array_equal(found.labels, labels)
        assert found.images.flags.c_contiguous
        assert not found.images.flags.writeable
    assert (dataset.origin, dataset.notes) == (Origin.OFFICIAL, ())
    assert (len(dataset.training), len(dataset.test)) == (TRAINING, TEST)


def test_another_pixel_makes_it_a_modified_copy_with_another_digest(tmp_path):
    """What is not official is never passed off as it, and names its file."""
    one, folder = small(FashionMnist), write(tmp_path, FILES[FashionMnist])
    official = read(one, location=folder)
    changed = bytearray((folder / "t10k-images-idx3-ubyte").read_bytes())
    changed[100] ^= 1
    (folder / "t10k-images-idx3-ubyte").write_bytes(changed)

    dataset = read(one, location=folder)

    assert dataset.origin is Origin.MODIFIED
    assert dataset.digest != official.digest
    assert " ".join(dataset.notes) == (
        "These images are not the official Fashion-MNIST but a modified copy of it (the published checksums do not "
        "match t10k-images-idx3-ubyte): compare the accuracies with each other, not with published ones."
    )


@pytest.mark.parametrize(
    ("source", "inner"),
    [
        (Mnist, "mnist"),
        (Mnist, "MNIST/raw"),
        (FashionMnist, "FashionMNIST/raw"),
        (Cifar100, "cifar-100-binary"),
        (Svhn, "."),
    ],
)
def test_ceteris_data_names_a_folder_of_data_sets(tmp_path, monkeypatch, source, inner):
    """As torchvision keeps them, or in a folder of its name."""
    write(tmp_path / "data" / inner, FILES[source])
    monkeypatch.setenv("CETERIS_DATA", str(tmp_path / "data"))

    one = small(source)

    assert len(read(one).training) == TRAINING
    assert one.find(None).named_by == "CETERIS_DATA"


def test_the_folder_of_another_data_set_is_passed_over(tmp_path, monkeypatch, cache):
    """CETERIS_DATA may name the folder of CIFAR-10 alone; what it does not hold is in the cache."""
    write(tmp_path / "cifar", {"data_batch_1.bin": b""})
    write(cache / "mnist", OFFERED[Mnist])
    monkeypatch.setenv("CETERIS_DATA", str(tmp_path / "cifar"))

    one = small(Mnist)

    assert len(read(one).training) == TRAINING
    assert one.find(None).named_by == "cache"


NAMES = (
    "train-images-idx3-ubyte{0}, train-labels-idx1-ubyte{0}, t10k-images-idx3-ubyte{0} and t10k-labels-idx1-ubyte{0}"
)
NAME_ONE = (
    f"Name the folder that holds {NAMES.format('.gz')} or {NAMES.format('')}, or run `ceteris data fetch mnist` and "
    "name none."
)


def test_a_wrong_place_is_refused_in_a_sentence(tmp_path, monkeypatch):
    """A location that is not there or holds something else, a folder that lacks a file, an absent CETERIS_DATA."""
    one = small(Mnist)

    def refusal(location=None):
        with pytest.raises(DataError) as error:
            read(one, location=location)
        return str(error.value)

    assert refusal(tmp_path / "nowhere") == f"--data {tmp_path / 'nowhere'}: no such file or folder. {NAME_ONE}"
    assert refusal(tmp_path) == f"--data {tmp_path}: no copy of MNIST there. {NAME_ONE}"
    incomplete = write(tmp_path / "mine", dict(list(OFFERED[Mnist].items())[:3]))
    assert refusal(incomplete) == (
        f"--data {incomplete}: t10k-labels-idx1-ubyte.gz is missing, expected {NAMES.format('.gz')}. Replace it, or "
        "run `ceteris data fetch mnist` and name no copy to use an intact one."
    )
    assert refusal() == (
        "MNIST is not on this machine: no --data, none in what CETERIS_DATA names, nothing in "
        f"{tmp_path / 'cache' / 'ceteris' / 'mnist'}. Run `ceteris data fetch mnist` to download it (47 kB), or name "
        "the folder of a copy with --data PATH."
    )
    monkeypatch.setenv("CETERIS_DATA", str(tmp_path / "typo"))
    assert refusal() == f"CETERIS_DATA {tmp_path / 'typo'}: no such file or folder. {NAME_ONE}"


def offer(files):
    """Answer as a good server of several files does."""

    def answer(handler, first):
        name = handler.path.rpartition("/")[2]
        if name in files:
            ranged(files[name])(handler, first)
        else:
            send(handler, b"no", status=404)

    return answer


@pytest.mark.parametrize("source", ALL)
def test_the_files_are_downloaded_once_and_checked(source, cache):
    """From an official layout on a server; the progress is that of all files; a second call asks nobody."""
    with server(offer(OFFERED[source])) as (url, asked):
        one = small(source, f"{url.rpartition('/')[0]}/")
        events = list(one.read(DataChoice(name=one.name), location=None, download=True))
        dataset = read(one)

    assert dataset.origin is Origin.OFFICIAL
    assert [path.rpartition("/")[2] for path, _ in asked] == list(OFFERED[source])
    received = [event for event in events if isinstance(event, Received)]
    assert {event.total for event in received} == {one.release.size}
    assert [event.received for event in received] == sorted(event.received for event in received)
    assert received[-1].received == one.release.size
    assert sorted(path.name for path in (cache / one.name).iterdir() if path.name != LOCKS) == sorted(OFFERED[source])


def test_a_broken_download_goes_on_with_the_file_that_is_missing(cache):
    """Files that are there are kept, and of an unfinished one only the rest is asked for."""
    names = list(OFFERED[Mnist])
    write(cache / "mnist", {name: OFFERED[Mnist][name] for name in names[:2]})
    write(cache / "mnist", {f"{names[2]}.part": OFFERED[Mnist][names[2]][:1000]})

    with server(offer(OFFERED[Mnist])) as (url, asked):
        dataset = read(small(Mnist, f"{url.rpartition('/')[0]}/"), download=True)

    assert dataset.origin is Origin.OFFICIAL
    assert [(path.rpartition("/")[2], first) for path, first in asked] == [(names[2], "bytes=1000-"), (names[3], None)]


def test_other_bytes_are_not_kept_and_the_next_server_is_asked(cache):
    """A mirror is not trusted: the SHA-256 decides, for each file alone."""
    false = {name: content[:-9] + bytes(9) for name, content in OFFERED[Svhn].items()}

    with server(offer(false)) as (bad, _), server(offer(OFFERED[Svhn])) as (good, _):
        one = small(Svhn, f"{bad.rpartition('/')[0]}/", f"{good.rpartition('/')[0]}/")
        setbacks = [event.reason for event in one.fetch(None) if isinstance(event, Setback)]

    assert setbacks == ["sent other bytes than the official archive's"] * 2
    assert (cache / "svhn" / "train_32x32.mat").read_bytes() == OFFERED[Svhn]["train_32x32.mat"]


def test_that_no_server_has_it_is_said_with_what_to_do(cache):
    """The advice names the page of the data set."""
    with server(offer({})) as (url, _):
        one = small(FashionMnist, f"{url.rpartition('/')[0]}/")
        with pytest.raises(DataError) as error:
            list(one.fetch(None))

    host = url.removeprefix("http://").partition("/")[0]
    assert str(error.value) == (
        f"Fashion-MNIST could not be downloaded into {cache / 'fashion_mnist'}: {host} answered 404 Not Found. Check "
        "the network and run `ceteris data fetch fashion_mnist` again, which keeps what has arrived; or bring the "
        "files from https://github.com/zalandoresearch/fashion-mnist and name their folder with --data or CETERIS_DATA."
    )


def test_what_is_here_is_told_in_a_line(tmp_path, monkeypatch):
    """Where the copy is that a study would use; how to get it; what is wrong with a copy that was named."""
    one = small(Mnist)
    assert list(one.here()) == [
        "mnist: not here yet; `ceteris data fetch mnist` downloads MNIST (47 kB), as a study does."
    ]
    folder = write(tmp_path / "data" / "MNIST" / "raw", packed(FILES[Mnist]))
    monkeypatch.setenv("CETERIS_DATA", str(tmp_path / "data"))
    assert list(one.here()) == [f"mnist: {folder}, named by CETERIS_DATA"]
    (folder / "train-labels-idx1-ubyte.gz").unlink()
    assert next(iter(one.here())).startswith(f"error: CETERIS_DATA {folder}: train-labels-idx1-ubyte.gz is missing")


def test_a_file_name_that_a_release_lacks_is_no_official_one(tmp_path):
    """Without a published checksum of a file a copy is a modified one."""
    one = small(Svhn)
    one.release = replace(one.release, contents={})

    assert read(one, location=write(tmp_path, FILES[Svhn])).origin is Origin.MODIFIED
