"""CIFAR-10 in miniature, for every test of the data room."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from tiny_cifar10 import make_miniature


@pytest.fixture
def miniature():
    """Give the miniature release."""
    return make_miniature()
