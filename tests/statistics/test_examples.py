import doctest
import importlib
import pkgutil

import pytest

import ceteris.statistics

MODULES = [module.name for module in pkgutil.iter_modules(ceteris.statistics.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_every_example_in_the_room_runs(name):
    """Each docstring's example gives what it says it gives."""
    module = importlib.import_module(f"ceteris.statistics.{name}")
    assert doctest.testmod(module).failed == 0


def test_examples_are_found():
    """The room has examples at all, so that the test above cannot pass by finding none."""
    modules = [importlib.import_module(f"ceteris.statistics.{name}") for name in MODULES]
    attempted = sum(doctest.testmod(module).attempted for module in modules)
    assert attempted >= 30
