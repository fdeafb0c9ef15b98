"""What tests compare of results folders, and ways to stop a worker at a chosen moment."""

from pathlib import Path

TIMED = ("machine.json", "epochs.csv")
"""Files that hold times; their other content is compared apart."""


def results_of(folder: Path) -> dict[str, bytes]:
    """Give every file below `runs/`; of those with times, what does not depend on when they were written."""
    files = {str(path.relative_to(folder)): path for path in (folder / "runs").rglob("*") if path.is_file()}
    return {name: _timeless(path) for name, path in sorted(files.items())}


def _timeless(path: Path) -> bytes:
    content = path.read_bytes()
    if path.name == "epochs.csv":
        return b"\n".join(b",".join(row.split(b",")[:5]) for row in content.splitlines())
    return b"" if path.name == "machine.json" else content


class StopAfter:
    """A request to stop that comes after a number of looks at it."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def is_set(self) -> bool:
        """Count a look."""
        self.looks -= 1
        return self.looks < 0


class Never:
    """A request to stop that never comes."""

    def is_set(self) -> bool:
        """Go on."""
        return False
