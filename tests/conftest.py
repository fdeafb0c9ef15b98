"""What holds for every test."""

import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def ctrl_c():
    """Let Ctrl-C interrupt: what a shell runs in its background ignores it, and tests of it would wait in vain."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
