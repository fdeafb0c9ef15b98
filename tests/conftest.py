"""What holds for every test."""

import gc
import importlib.util
import json
import os
import signal
import sys
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings

from ceteris.report.documents.document import Document
from ceteris.results.results import read_results

# Threads that wait for each other after every small operation take more than ten times as long on a machine that does
# other work. Processes that tests start inherit this; `make test-elsewhere` asks for two threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Containers often forbid Python to keep what it has compiled. Each process that a test starts would then compile all of
# ceteris again, which takes a second, and each of the suite's own all tests, which takes six.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Most of what lives is no garbage, and would be searched again and again: a fifth of the time of a report.
gc.set_threshold(50_000, 10, 10)

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
def no_flushing():
    """Leave out waiting for the disk: a process that is killed loses nothing that it wrote, only a power cut would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def documents_fit_their_schema():
    """Hold every JSON document that a test has written to its schema, and to itself: read back, it is equal."""
    encode = Document.encode
    validators = {}

    def checked(document):
        content, kind = encode(document), type(document)
        assert kind.model_validate_json(content) == document
        if importlib.util.find_spec("jsonschema"):
            from jsonschema import Draft202012Validator  # noqa: PLC0415 - few tests write documents

            if kind not in validators:
                validators[kind] = Draft202012Validator(kind.schema_document())
            validators[kind].validate(json.loads(content))
        return content

    with mock.patch.object(Document, "encode", checked):
        yield


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory):
    """Give a results folder of two arms and three seeds, really trained; it is made once, so leave it as it is."""
    from tests.inference.trained import train  # noqa: PLC0415 - few tests need a trained network

    return train(tmp_path_factory.mktemp("trained") / "results")


@pytest.fixture(scope="session")
def trained_results(trained_folder):
    """Give what is in it."""
    return read_results(trained_folder)


@pytest.fixture(scope="session")
def heads_folder(tmp_path_factory):
    """Give a results folder with heads on two backbones and a fine-tuned one; it is made once, so leave it as it is."""
    pytest.importorskip("torchvision")
    from tests.inference.pretrained import train_heads  # noqa: PLC0415 - needs torch

    folder = tmp_path_factory.mktemp("heads")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        return train_heads(folder)


# One process gets all of these, because they share what takes half a minute to make: results folders in every state
# with their reports, and heads on backbones. Of other tests it gets a file at a time, with the classes in it, so that
# one Ray is started.
TOGETHER = (
    "tests/report/",
    "tests/analysis/",
    "tests/inference/test_pretrained.py",
    "tests/explore/test_explorer.py",
)

# What takes longest, in the order of what it took alone; xdist hands files out in order, so that these come first and
# no process is left with one when the others are done.
LONGEST = (
    *TOGETHER,
    "tests/browser/test_explore_page.py",
    "tests/test_readme.py",
    "tests/test_tutorial.py",
    "tests/test_notebooks.py",
    "tests/execution/test_child.py",
    "tests/execution/test_kill.py",
    "tests/export/test_backbone.py",
    "tests/test_cluster_page.py",
    "tests/engines/lanes/test_equivalence.py",
)


def pytest_collection_modifyitems(items):
    """Begin with the longest tests, and refuse names of cases that hold an address in memory.

    Processes that share the suite would name them differently.
    """
    named = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if named:
        raise pytest.UsageError(f"name this case by ids=: {named[0]}")
    items.sort(key=lambda item: next((n for n, name in enumerate(LONGEST) if item.nodeid.startswith(name)), 99))
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Let `--dist loadscope` give what belongs together to one process."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - tests run without xdist too

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return "together" if nodeid.startswith(TOGETHER) else nodeid.partition("::")[0]

    return ByFile(config, log) if config.option.dist == "loadscope" else None
