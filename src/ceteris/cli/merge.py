"""`ceteris merge`: results folders of one study put together."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ceteris.cli.console import print_notes
from ceteris.formatting.wording import count
from ceteris.paths import quoted
from ceteris.results.merging import Merged, merge_results


def merge(folders: Sequence[Path], *, out: Path, console: Console) -> Merged:
    """Put folders together, and say what the whole has and what it lacks."""
    merged = merge_results(folders, out)
    ended = sum(one.record is not None for one in merged.findings)
    print_notes(_notes(merged), console)
    done = f"{ended:,} of {count(len(merged.findings), 'run')} done, {merged.added:,} of them new here"
    console.print(f"{out}: {done}.", markup=False, soft_wrap=True)
    console.print(f"Look at them with: ceteris report {quoted(out)}", markup=False, soft_wrap=True)
    return merged


def _notes(merged: Merged) -> list[str]:
    notes = [
        f"{count(runs, 'unfinished run')} of {path} {'was' if runs == 1 else 'were'} left there: run the study with "
        "that folder, then merge again."
        for path, runs in merged.unfinished.items()
        if runs
    ]
    if merged.several:
        alike = "run is" if merged.several == 1 else "runs are"
        notes.append(
            f"{merged.several:,} {alike} in several folders, with the same results; times are those of the first."
        )
    return notes
