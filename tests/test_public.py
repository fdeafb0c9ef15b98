import doctest
import subprocess
import sys

import pytest

import ceteris


def test_all_that_is_promised_is_there():
    """Every name in `__all__` can be had, is listed, and nothing else is public."""
    assert sorted(ceteris.__all__) == ceteris.__all__ == dir(ceteris)
    assert all(getattr(ceteris, name).__name__ == name for name in ceteris.__all__ if name != "layers")


def test_every_layer_kind_is_a_name_of_layers():
    """`ceteris.layers` is where a study written in Python finds them."""
    assert {kind.__name__ for kind in ceteris.layers.LAYER_KINDS} < set(ceteris.layers.__all__)
    assert all(hasattr(ceteris.layers, name) for name in ceteris.layers.__all__)


def test_the_public_names_are_these():
    """A name that goes or comes is a decision."""
    assert ceteris.__all__ == [
        "Analysis", "AnalysisSettings", "Arm", "Baseline", "BatchNorm", "CeterisError", "Convolution", "Cross",
        "CrossedFactor", "DataChoice", "DataError", "Dense", "Dropout", "EngineError", "FolderComparison", "Insertion",
        "LatexReport", "Level", "MaxPool", "ModuleNetwork", "Network", "Replacement", "Report", "Results",
        "ResultsError", "Run", "Specification", "StatisticsError", "Study", "StudyError", "TrainFunction", "Training",
        "TrainingRequest", "Variation", "changes", "compare_results", "judge", "layers", "merge_results",
        "read_results", "read_study", "run", "write_latex", "write_report",
    ]  # fmt: skip


def test_other_names_are_not_there():
    """A wrong name is an `AttributeError`, as everywhere in Python."""
    with pytest.raises(AttributeError, match=r"^module 'ceteris' has no attribute 'Stduy'$"):
        _ = ceteris.Stduy
    with pytest.raises(
        AttributeError, match=r"^module 'ceteris' has no attribute 'Residual'; there is ceteris.layers.Residual$"
    ):
        _ = ceteris.Residual


def test_the_example_of_the_package_runs():
    """What the package's page shows is what happens."""
    assert doctest.testmod(ceteris).failed == 0
    assert doctest.testmod(ceteris).attempted > 0


def test_importing_loads_nothing_of_ours():
    """`import ceteris` costs nothing; reading a study loads of the large libraries NumPy alone."""
    script = "import sys, ceteris; print(*sys.modules); ceteris.read_study; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    before, after = (set(line.split()) for line in out.splitlines())

    assert {name for name in before if name.startswith(("ceteris", "pydantic"))} == {"ceteris"}
    assert "ceteris.study.reader" in after
    assert {"torch", "scipy", "rich", "typer"} & after == set()
