"""A trained results folder for the tests of what is predicted from it."""

import pytest

from ceteris.results.results import read_results
from tests.inference.trained import train


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory):
    """Give a results folder of two arms and three seeds; it is made once, so leave it as it is."""
    return train(tmp_path_factory.mktemp("trained") / "results")


@pytest.fixture(scope="session")
def trained_results(trained_folder):
    """Give what is in it."""
    return read_results(trained_folder)


@pytest.fixture(scope="session")
def heads_folder(tmp_path_factory):
    """Give a results folder with heads on two backbones; it is made once, so leave it as it is."""
    pytest.importorskip("torchvision")
    from tests.inference.pretrained import train_heads  # noqa: PLC0415 - needs torch

    folder = tmp_path_factory.mktemp("heads")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        return train_heads(folder)
