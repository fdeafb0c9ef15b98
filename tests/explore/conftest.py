"""A trained study to explore."""

import pytest

from ceteris.explore.explorer import Explorer
from ceteris.results.results import read_results


@pytest.fixture(scope="session")
def explorer(trained_folder):
    """Give what the page is made from."""
    return Explorer(read_results(trained_folder))
