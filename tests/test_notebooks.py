"""The notebooks of `examples/notebooks`, executed as Jupyter would."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.documents import ROOT

FOLDER = ROOT / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SMALLER = f"""
import sys
sys.path.append({str(ROOT)!r})
from tests.documents import few_images
held = few_images()
held.__enter__()
"""
"""What a kernel runs before the first cell."""


@pytest.fixture
def execute(tmp_path, monkeypatch):
    """Execute a notebook in a folder of its own, with the files beside it; gives its cells of code."""
    if os.environ.get("CI"):  # on a machine that builds the project, where all must be there
        import nbclient  # noqa: PLC0415
        import nbformat  # noqa: PLC0415
    else:
        nbclient, nbformat = (pytest.importorskip(name) for name in ("nbclient", "nbformat"))
        pytest.importorskip("ipykernel")
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "smaller.py").write_text(SMALLER)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")

    def run(path):
        work = Path(shutil.copytree(FOLDER, tmp_path / "notebooks"))
        # Each worker of a module of one's own loads PyTorch, which takes seconds: one is as good as two.
        text = path.read_text(encoding="utf-8").replace(
            'folder=\\"results/own\\"', 'folder=\\"results/own\\", threads=1'
        )
        notebook = nbformat.reads(text, as_version=4)
        where = {"metadata": {"path": str(work)}}
        nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", resources=where).execute()
        return [cell for cell in notebook.cells if cell.cell_type == "code"]

    return run


@pytest.mark.filterwarnings("ignore")  # of the libraries that start a kernel; ceteris runs in another process
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_it_computes(execute, path):
    """Every cell runs and prints nothing; values are shown as HTML, and as a text that is short."""
    outputs = [output for cell in execute(path) for output in cell.outputs]

    assert {output.output_type for output in outputs} <= {"execute_result", "display_data"}
    shown = [output.data["text/html"] for output in outputs if "text/html" in output.data]
    assert all(html.startswith("<div") for html in shown)
    assert all(len(output.data["text/plain"]) < 5_000 for output in outputs)
    assert "Each variation against the baseline" in shown[-1]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    """What a cell shows depends on who ran it, and would be in every difference between versions."""
    notebook = json.loads(path.read_text(encoding="utf-8"))

    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_readme_names_each():
    """Whoever looks for one finds it."""
    readme = (FOLDER.parents[1] / "README.md").read_text(encoding="utf-8")

    assert [path.name for path in NOTEBOOKS] == sorted(set(re.findall(r"examples/notebooks/(\w+\.ipynb)", readme)))
