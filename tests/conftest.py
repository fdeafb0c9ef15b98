"""What holds for every test."""

import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def ctrl_c():
    """Let Ctrl-C interrupt: a shell starts what runs in its background with SIGINT ignored, and tests of it would hang."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
