"""A trained study to explore."""

import pytest

from ceteris.explore.explorer import Explorer
from ceteris.results.results import read_results
from tests.inference.trained import train


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory):
    """Give a results folder of two arms and three seeds; it is made once, so leave it as it is."""
    return train(tmp_path_factory.mktemp("explored") / "results")


@pytest.fixture(scope="session")
def explorer(trained_folder):
    """Give what the page is made from."""
    return Explorer(read_results(trained_folder))
