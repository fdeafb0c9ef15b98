"""`ceteris report`: puts a results folder into a page, a text and a table."""

from pathlib import Path

from rich.console import Console

from ceteris.analysis.study_analysis import analyze
from ceteris.cli.table import print_results
from ceteris.errors import ResultsError
from ceteris.paths import quoted
from ceteris.report.report import Report, publish
from ceteris.report.sections.verdicts import verdict_table
from ceteris.results.atomic import write_atomically
from ceteris.results.results import read_results


def report(folder: Path, *, out: Path | None, image: int, console: Console, latex: Path | None = None) -> Report:
    """Write the report of a results folder, and the table of verdicts for LaTeX if asked, and print what it comes to.

    Raises:
        ResultsError: If it is no results folder, has no such test image, or the report cannot be written.
    """
    with console.status("reading the results ..."):  # on a terminal only
        results = read_results(folder)
    with console.status(f"comparing the arms of {len(results.findings):,} runs ..."):
        analysis = analyze(results)
    try:  # First the report, which then does not depend on whether anything can be printed.
        with console.status(f"drawing {len(analysis.arms):,} arms and writing the report ..."):
            written = publish(analysis, out=out, image=image)
    except ResultsError:
        print_results(analysis, console)
        raise
    if latex is not None:
        write_atomically(latex, f"{verdict_table(analysis).latex()}\n".encode())
    print_results(analysis, console)
    _say_where(written, console)
    if latex is not None:
        console.print(f"for LaTeX:     {latex}", markup=False, soft_wrap=True)
    return written


def close(folder: Path, console: Console) -> None:
    """End a run: print what the folder comes to, and write its report; results never depend on whether that works."""
    try:
        report(folder, out=None, image=0, console=console)
    except (ResultsError, MemoryError) as error:
        reason = error if isinstance(error, ResultsError) else "there is not enough memory for it."
        console.print()
        console.print(f"There is no report: {reason}", style="red", markup=False, soft_wrap=True)
        console.print(
            f"The results are not touched by this; `ceteris report {quoted(folder)}` tries again.",
            markup=False,
            soft_wrap=True,
        )


def _say_where(written: Report, console: Console) -> None:
    console.print()
    console.print(f"The report:    {written.page}", markup=False, soft_wrap=True)
    console.print(f"as text:       {written.text}", markup=False, soft_wrap=True)
    console.print(f"one row a run: {written.table}", markup=False, soft_wrap=True)
