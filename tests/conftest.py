"""What holds for every test."""

import os
import signal
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings

from ceteris.report.documents.document import Document

# Threads that wait for each other after every small operation take more than ten times as long on a machine that does
# other work. Processes that tests start inherit this; `make test-elsewhere` asks for two threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Images and weights that whoever runs the tests has at hand are nothing to a test.
for name in ("CETERIS_DATA", "CETERIS_WEIGHTS"):
    os.environ.pop(name, None)

# How long an example takes, or the drawing of it, says how busy the machine is.
settings.register_profile("timeless", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("timeless")


@pytest.fixture(autouse=True, scope="session")
def ctrl_c():
    """Let signals act as on a terminal: a shell's background ignores Ctrl-C, and nohup a hangup."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True, scope="session")
def documents_fit_their_schema():
    """Hold every JSON document that a test has written to its schema: read back strictly, it is the same."""
    encode = Document.encode

    def checked(document):
        content = encode(document)
        assert type(document).model_validate_json(content) == document
        return content

    with mock.patch.object(Document, "encode", checked):
        yield


def pytest_collection_modifyitems(items):
    """Refuse names of cases that hold an address in memory: processes that share the suite name them differently."""
    named = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if named:
        raise pytest.UsageError(f"name this case by ids=: {named[0]}")
