import numpy as np
import pytest

from ceteris.cli.application import app  # noqa: F401 - the command is part of the application
from ceteris.datasets.features import FeatureKey, feature_cache, images_digest
from ceteris.datasets.mnist import Mnist
from ceteris.datasets.svhn import Svhn
from tests.datasets.published_files import OFFERED, small, write
from tests.datasets.test_download import server
from tests.datasets.test_published import offer
from tests.datasets.weights_server import CONTENT, NAME

NOT_HERE = [
    "cifar100: not here yet; `ceteris data fetch cifar100` downloads CIFAR-100 (169 MB), as a study does.",
    "mnist: not here yet; `ceteris data fetch mnist` downloads MNIST (12 MB), as a study does.",
    "fashion_mnist: not here yet; `ceteris data fetch fashion_mnist` downloads Fashion-MNIST (31 MB), as a study does.",
    "svhn: not here yet; `ceteris data fetch svhn` downloads SVHN (246 MB), as a study does.",
]


def test_without_a_copy_it_says_where_it_looked_and_what_to_do(ceteris, tmp_path, monkeypatch):
    """`ceteris data` on a new machine."""
    monkeypatch.delenv("CETERIS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    code, out, err = ceteris("data")

    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"cache: {tmp_path / 'ceteris'}: nothing that can be used",
        "CIFAR-10 is not here yet: the first study that needs it downloads it, or `ceteris data fetch` does.",
        *NOT_HERE,
        f"weights: {tmp_path / 'ceteris' / 'weights'}: none yet",
        f"features: {tmp_path / 'ceteris' / 'features'}: none yet",
    ]


def test_kept_features_are_shown_and_cleared(ceteris, tmp_path, monkeypatch):
    """Their size is told before they go and when they are gone."""
    monkeypatch.delenv("CETERIS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    images = images_digest(np.zeros((1, 4, 4, 3), np.uint8))
    facts = {"weights": "a" * 64, "images": images, "preparation": 1, "precision": "float32 on cpu", "view": "plain"}
    key = FeatureKey(backbone="resnet18", resolution=96, **facts)
    feature_cache().keep(key, feature_cache().room(key, 1000, 512), seconds=1.0, precision_error=0.0)

    shown, cleared, after = (ceteris(*command)[1] for command in (["data"], ["data", "clear"], ["data"]))

    assert shown.splitlines()[-2:] == [
        "  2 MB  resnet18 at 96 x 96, 1,000 images, plain, float32 on cpu",
        "  2 MB in all; `ceteris data clear` deletes them.",
    ]
    assert cleared == f"{tmp_path / 'ceteris' / 'features'}: 2 MB deleted.\n"
    assert after.endswith("none yet\n")


def test_a_wrong_variable_is_told_with_its_cause(ceteris, tmp_path, monkeypatch):
    """CETERIS_DATA names what is not there."""
    monkeypatch.setenv("CETERIS_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    code, out, _ = ceteris("data")

    assert code == 0
    assert out.splitlines()[0] == f"CETERIS_DATA: {tmp_path / 'nowhere'}: nothing that can be used"
    assert out.splitlines()[2].startswith(f"error: CETERIS_DATA {tmp_path / 'nowhere'}: no such file or folder.")


def test_verifying_nothing_is_an_error_that_says_what_to_do(ceteris, tmp_path, monkeypatch):
    """`ceteris data verify` with no copy anywhere."""
    monkeypatch.delenv("CETERIS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    code, out, err = ceteris("data", "verify")

    assert (code, out) == (2, "")
    assert err == (
        f"error: there is no CIFAR-10 to verify: no CETERIS_DATA, nothing in {tmp_path / 'ceteris'}. Run `ceteris data "
        "fetch`, or name a copy: `ceteris data verify PATH`.\n"
    )


@pytest.mark.usefixtures("weights_server")
def test_weights_are_fetched_by_name(ceteris, tmp_path):
    """`ceteris data fetch resnet18` brings them into the cache, or into a folder that is then to be named."""
    path = tmp_path / "cache" / "ceteris" / "weights" / NAME

    code, out, err = ceteris("data", "fetch", "resnet18")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"{path}: torchvision's own, every byte checked."
    assert path.read_bytes() == CONTENT
    assert ceteris("data", "fetch", "resnet18")[1] == f"{path}: torchvision's own, every byte checked.\n"

    _, out, _ = ceteris("data", "fetch", "resnet18", "--to", tmp_path / "mine")
    assert out.splitlines()[-2:] == [
        f"{tmp_path / 'mine' / NAME}: torchvision's own, every byte checked.",
        f"Set CETERIS_WEIGHTS to {tmp_path / 'mine'} to use it: ceteris looks in the cache alone otherwise.",
    ]


def test_what_is_not_offered_is_not_fetched(ceteris):
    """A name that is close is meant; else all are listed."""
    sentence = "error: there is nothing called '{}' to download; {}\n"
    assert ceteris("data", "fetch", "resnet") == (2, "", sentence.format("resnet", "did you mean 'resnet18'?"))
    names = "there are cifar10, cifar100, mnist, fashion_mnist, svhn, mobilenet_v2, resnet18 and efficientnet_b0."
    assert ceteris("data", "fetch", "x") == (2, "", sentence.format("x", names))


def test_a_copy_of_a_data_set_is_verified_by_name(ceteris, tmp_path, monkeypatch):
    """`ceteris data verify svhn PATH` reads it whole: official or not, digest, images of each class."""
    monkeypatch.setattr(Svhn, "release", small(Svhn).release)
    folder = write(tmp_path / "digits", OFFERED[Svhn])

    code, out, err = ceteris("data", "verify", "svhn", folder)

    assert (code, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["SVHN:", "official"]
    assert lines[1][0] == "digest:"
    assert lines[-10:] == [[str(digit), "4", "2"] for digit in range(10)]


def test_what_is_no_data_set_is_not_verified(ceteris, tmp_path):
    """With two arguments the first is the name of a data set."""
    assert ceteris("data", "verify", "emnist", tmp_path) == (
        2,
        "",
        "error: 'emnist' is no data set; there are cifar10, cifar100, mnist, fashion_mnist and svhn.\n",
    )


def test_a_data_set_is_fetched_by_name(ceteris, tmp_path, monkeypatch):
    """`ceteris data fetch mnist --to FOLDER` brings its files into a folder of its name, and says how to name it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with server(offer(OFFERED[Mnist])) as (url, _):
        monkeypatch.setattr(Mnist, "release", small(Mnist, f"{url.rpartition('/')[0]}/").release)
        code, out, err = ceteris("data", "fetch", "mnist", "--to", tmp_path / "mine")

    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == (
        f"MNIST is in {tmp_path / 'mine' / 'mnist'}: official, every byte checked. Set CETERIS_DATA to "
        f"{tmp_path / 'mine'} to use it: ceteris looks in the cache alone otherwise."
    )
    assert out.splitlines()[0] == "MNIST: 0 of 0 MB"
    monkeypatch.setenv("CETERIS_DATA", str(tmp_path / "mine"))
    assert f"mnist: {tmp_path / 'mine' / 'mnist'}, named by CETERIS_DATA" in ceteris("data")[1].splitlines()
