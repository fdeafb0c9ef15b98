"""`ceteris export`: a trained network as files that other software runs."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ceteris.cli.console import chosen, print_notes
from ceteris.export.check import Check, ExportFormat
from ceteris.export.export import CARD, Export, export_run
from ceteris.results.results import read_results
from ceteris.results.selection import find_target, finished_findings
from ceteris.study.run import arm_folder


def export(
    path: Path, *, formats: Sequence[str] | None, seed: int | None, out: Path | None, force: bool, console: Console
) -> Export:
    """Write a finished run as files for other software, and print how reading them back went."""
    known = {str(one): one for one in ExportFormat}
    kinds = [chosen("--format", name, known) for name in formats or ("safetensors",)]
    target = find_target(path)
    results = read_results(target.folder)
    finding = finished_findings(results, target, seed)[0]
    run = finding.run
    folder = out or Path("exports") / f"{arm_folder(run.variation)}-seed-{run.seed:02}"
    written = export_run(results, finding, formats=kinds, out=folder, is_replacing=force)
    console.print(Text(f"{run.variation}, seed {run.seed}", style="bold"), soft_wrap=True)
    print_notes(results.notes_about(run.variation), console)
    if target.seed is None and seed is None:
        text = (
            f"Seed {run.seed} was taken, the first that finished; --seed names another. To take the one with the best "
            "test accuracy would make that accuracy too good to be true."
        )
        print_notes([text], console)
    for name, one in written.checks.items():
        console.print(Text(f"{folder / name}: {_checked(one)}"), soft_wrap=True)
    console.print(Text(f"{folder / CARD}: what it is, how well it does, and its limits"), soft_wrap=True)
    return written


def _checked(one: Check) -> str:
    if one.difference is None:
        return f"not checked, because {one.missing} is not installed"
    return (
        f"checked with {one.reader} on {one.images:,} test images; probabilities differ by at most {one.difference:.1e}"
    )
