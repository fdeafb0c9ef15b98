import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

PROGRAM = Path(__file__).parents[2] / "bench" / "gpu.py"


def test_the_benchmark_of_gpus_runs_on_the_processor():
    """With a few images of noise it measures the loop and runs at once of both networks, and compares accuracies."""
    done = subprocess.run([sys.executable, str(PROGRAM), "--tiny"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("###")] == [
        "### baseline, batch 32",
        "### resnet20, batch 128",
        "### Accuracy",
    ]
    rows = [line.split("|")[1].strip() for line in lines if line.startswith("| ")]
    assert rows == ["runs", "---", "one by one", "1 at once", "2 at once"] * 2
    assert "not measured" not in done.stdout
    assert lines[-1].startswith("2 seeds, 1 epochs, 8 test images: ")
