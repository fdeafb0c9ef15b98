"""The commands of docs/tutorial.md do what the page says, on fewer photographs and for one epoch."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ceteris.engines.lanes.kernels import usable_instruction_sets

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE)
QUICKLY = {"run": ["--seeds", "2", "--epochs", "1"], "plan": ["--seeds", "2", "--epochs", "1"]}


@pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")
def test_the_commands_of_the_tutorial_run(tmp_path, monkeypatch):
    """One after the other, in an empty folder, each ends well; the page of the check and the results are there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert len(COMMANDS) >= 5
    for command in COMMANDS:
        program, *words = shlex.split(command)
        if program == "python":
            words = [sys.executable, str(ROOT / words[0]), words[1], "90"]
        else:
            words = [sys.executable, "-m", program, *words, *QUICKLY.get(words[0], [])]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), (command, done.stdout[-2000:])

    assert (tmp_path / "photographs.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "results" / "photographs" / "results.csv").read_text().count("finished") == 14
