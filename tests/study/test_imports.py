import subprocess
import sys


def test_reading_a_study_loads_nothing_heavy():
    """`plan` and `status` start in a fraction of a second: of the libraries only NumPy is loaded."""
    script = (
        "import sys, ceteris.study.reader, ceteris.study.schema, ceteris.study.changes; print(*sorted(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()

    heavy = {"torch", "torchvision", "scipy", "matplotlib", "rich", "typer", "pandas"}
    assert heavy & set(loaded) == set()
