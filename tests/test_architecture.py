"""The rules of the house that a machine can check."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "ceteris"

# A room may import itself and the rooms above it.
ROOMS = [
    "errors",
    "paths",
    "checksummed",
    "resources",
    "locks",
    "formatting",
    "values",
    "usercode",
    "networks",
    "training",
    "datasets",
    "statistics",
    "study",
    "engines",
    "results",
    "analysis",
    "execution",
    "progress",
    "running",
    "testing",
    "inference",
    "report",
    "export",
    "tracking",
    "explore",
    "cli",
]
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE or path.stem in ROOMS)


def room_of(path):
    """Name the room that a file is in."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_rooms(path):
    """Name the rooms that a file imports, at its top or in its functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "ceteris" and len(parts) > 1:
                yield parts[1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_one_way(path):
    """No file imports a room below its own."""
    allowed = ROOMS[: ROOMS.index(room_of(path)) + 1]

    assert set(imported_rooms(path)) <= set(allowed)


@pytest.mark.parametrize(
    "room", ["study", "results.results", "statistics.comparison", "execution.study", "cli.compare"]
)
def test_reading_and_counting_load_neither_torch_nor_matplotlib(room):
    """What `plan`, `run` and `status` import starts without the heavy libraries."""
    script = f"import sys, ceteris.{room}; print(sorted({{'torch', 'matplotlib'}} & set(sys.modules)))"

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout

    assert loaded.strip() == "[]"


def test_files_stay_under_400_lines():
    """A longer file is a room that wants a wall."""
    kernels = SOURCE / "engines" / "lanes" / "kernels"
    files = [*SOURCE.rglob("*.py"), *kernels.glob("*.hpp"), *kernels.glob("*.cpp")]

    assert [path.name for path in files if len(path.read_text().splitlines()) > 400] == []


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_a_page_for_those_who_change_something_names_files_that_are_there(page):
    """Who adds a layer or a metric is not sent to a file that has moved."""
    root = SOURCE.parents[1]
    folders = [root, SOURCE, SOURCE / "engines" / "lanes" / "kernels"]
    named = re.findall(r"`((?:\w+/)+[\w.]+\.(?:py|txt|cpp|toml|md))`", (root / page).read_text())

    assert [name for name in named if "NAME" not in name and not any((one / name).exists() for one in folders)] == []


@pytest.mark.parametrize("path", sorted((SOURCE.parents[1] / "bench").rglob("*.py")), ids=lambda path: path.stem)
def test_a_benchmark_imports_names_that_are_there(path):
    """No test runs a benchmark whole, so that a name that has moved would be noticed only by whoever runs it."""
    missing = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "ceteris"
        for alias in node.names
        if not hasattr(importlib.import_module(node.module), alias.name)
    ]
    assert missing == []
