import os
import sys
from pathlib import Path

import pytest

# The miniature study is a module, not a fixture, because the processes that the tests start import it too.
sys.path.insert(0, str(Path(__file__).parents[1] / "execution"))


@pytest.fixture(autouse=True)
def no_flushing(monkeypatch):
    """Leave out waiting for the disk, which takes most of the time and changes nothing that a test can see."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
