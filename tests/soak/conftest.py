import os

import pytest


def pytest_ignore_collect(config):
    """Leave the long tests out unless they are asked for by name: `pytest tests/soak`."""
    return None if any("soak" in argument for argument in config.args) else True


@pytest.fixture(autouse=True, scope="session")
def no_flushing():
    """Leave out waiting for the disk: a process that is killed loses nothing that it wrote, only a power cut would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield
