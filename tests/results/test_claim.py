import os
import subprocess
import sys

import pytest

from ceteris.errors import ResultsError
from ceteris.results.claim import claim, is_held

HOLDER = """
import sys, time
from pathlib import Path
from ceteris.results.claim import claim
held = claim(Path(sys.argv[1]))
print("held" if held else "refused", flush=True)
sys.stdin.read()
"""


def start_holder(file):
    """Start a process that claims a file and keeps it until its input closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, process.stdout.readline().strip()


def test_only_one_has_a_claim(tmp_path):
    """A second claim is refused until the first is released, also within one process."""
    first = claim(tmp_path / "claims" / "a.lock")
    assert claim(tmp_path / "claims" / "a.lock") is None
    assert claim(tmp_path / "claims" / "b.lock") is not None
    first.release()
    assert claim(tmp_path / "claims" / "a.lock") is not None


def test_a_claim_ends_with_its_process_however_that_ends(tmp_path):
    """While another process lives its claim holds; when it is killed outright, nothing is left to clear."""
    file = tmp_path / "a.lock"
    process, answer = start_holder(file)
    try:
        assert answer == "held"
        assert is_held(file)
        assert claim(file) is None
    finally:
        process.kill()
        process.communicate()
    assert not is_held(file)
    assert claim(file) is not None


def test_another_process_is_refused(tmp_path):
    """A claim that is held here is not given there."""
    held = claim(tmp_path / "a.lock")
    process, answer = start_holder(tmp_path / "a.lock")
    process.communicate()
    held.release()
    assert answer == "refused"


def test_asking_leaves_nothing_behind(tmp_path):
    """Whether a claim is held can be asked of a folder that nobody has claimed anything in."""
    assert not is_held(tmp_path / "a.lock")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    """The message names the folder and what to do."""
    real = os.open

    def refuse(path, flags, *rest):
        if os.fspath(path).endswith(".lock"):
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ResultsError) as error:
        claim(tmp_path / "a.lock")
    assert str(error.value) == (
        f"{tmp_path}: cannot lock a.lock: permission denied. "
        "Choose a folder that you may read and write, or change its permissions; what was complete is kept."
    )
