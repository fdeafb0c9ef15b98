"""`docs/own-code.md`: its files are written, and its study is run."""

import re
import runpy

import pytest

import ceteris
from ceteris.testing.executors import CallingThread
from tests.documents import ROOT, few_images, shortened, steps

PAGE = ROOT / "docs" / "own-code.md"


def written(folder):
    """Write the files of the page, each named by its first line."""
    names = []
    for step in steps(PAGE):
        name = re.match(r"# (\S+)\n", step.text)
        assert name, step.text
        names.append(name[1])
        text = shortened(step.text) if step.kind == "toml" else step.text
        text = text.replace("fraction=0.02", "fraction=0.5")  # of few images
        (folder / name[1]).write_text(text.replace('"results/hidden"', '"results/hidden", threads=1'))
    return names


@pytest.mark.parametrize("name", ["own.toml", "regression.toml"])
def test_the_studies_of_the_page_run(tmp_path, name):
    """With fewer seeds, epochs and images."""
    assert written(tmp_path) == ["nets.py", "own.toml", "train.py", "regression.toml", "notebook.py"]
    study = ceteris.read_study(tmp_path / name)

    with few_images():
        assert ceteris.run(study, folder=tmp_path / "results", executor=CallingThread()).is_complete


def test_the_program_of_the_page_runs(tmp_path, monkeypatch, capsys):
    """As a script, with a worker of its own, which reads the script again."""
    written(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    with few_images():
        runpy.run_path(str(tmp_path / "notebook.py"), run_name="__main__")

    assert capsys.readouterr() == ("True\n", "")
