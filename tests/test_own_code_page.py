"""`docs/own-code.md`: its files are written, and its study is run."""

import re
import subprocess
import sys

import pytest

import ceteris
from tests.documents import ROOT, shortened, steps

PAGE = ROOT / "docs" / "own-code.md"


def written(folder):
    """Write the files of the page, each named by its first line."""
    names = []
    for step in steps(PAGE):
        name = re.match(r"# (\S+)\n", step.text)
        assert name, step.text
        names.append(name[1])
        (folder / name[1]).write_text(shortened(step.text) if step.kind == "toml" else step.text)
    return names


@pytest.mark.parametrize("name", ["own.toml", "regression.toml"])
def test_the_studies_of_the_page_run(tmp_path, name):
    """With fewer seeds, epochs and images."""
    assert written(tmp_path) == ["nets.py", "own.toml", "train.py", "regression.toml", "notebook.py"]
    study = ceteris.read_study(tmp_path / name)

    assert ceteris.run(study, folder=tmp_path / "results", threads=1).is_complete


def test_the_program_of_the_page_runs(tmp_path):
    """As a script, with workers of its own."""
    written(tmp_path)
    ended = subprocess.run([sys.executable, "notebook.py"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (0, "True\n"), ended.stderr
