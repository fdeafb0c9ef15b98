import os

import pytest


@pytest.fixture(autouse=True)
def no_flushing(monkeypatch):
    """Leave out waiting for the disk, which takes most of the time and changes nothing that a test can see."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
