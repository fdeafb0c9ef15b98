import runpy
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

PROGRAM = Path(__file__).parents[2] / "bench" / "gpu.py"


def test_the_benchmark_of_gpus_runs_on_the_processor(monkeypatch, capsys):
    """With a few images of noise it measures the loop and runs at once of both networks, and compares accuracies."""
    monkeypatch.setattr(sys, "argv", [str(PROGRAM), "--tiny"])
    monkeypatch.syspath_prepend(PROGRAM.parent)

    runpy.run_path(str(PROGRAM), run_name="__main__")

    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert [line for line in lines if line.startswith("###")] == [
        "### baseline, batch 32",
        "### resnet20, batch 128",
        "### Accuracy",
    ]
    rows = [line.split("|")[1].strip() for line in lines if line.startswith("| ")]
    assert rows == ["runs", "---", "one by one", "1 at once", "2 at once"] * 2
    assert "not measured" not in printed
    assert lines[-1].startswith("2 seeds, 1 epochs, 8 test images: ")
