"""A trained study to explore."""

import sys
from pathlib import Path

import pytest

# The trained study is a module, not a fixture, because tests of other rooms use it too.
sys.path.insert(0, str(Path(__file__).parents[1] / "inference"))
sys.path.insert(0, str(Path(__file__).parents[1] / "execution"))

from trained import train

from ceteris.explore.explorer import Explorer
from ceteris.results.results import read_results


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory):
    """Give a results folder of two arms and three seeds; it is made once, so leave it as it is."""
    return train(tmp_path_factory.mktemp("explored") / "results")


@pytest.fixture(scope="session")
def explorer(trained_folder):
    """Give what the page is made from."""
    return Explorer(read_results(trained_folder))
