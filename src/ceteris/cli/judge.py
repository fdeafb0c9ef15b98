"""`ceteris judge`: results that other software wrote, judged as a study's are."""

import re
from pathlib import Path
from typing import Any

from rich.console import Console

from ceteris.analysis import judge as judging
from ceteris.analysis.analysis import Analysis
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.cli.report import checked_latex, print_results
from ceteris.errors import CeterisError, ResultsError
from ceteris.formatting.console import print_line
from ceteris.paths import expanded
from ceteris.report.documents.entries import Verdicts
from ceteris.report.documents.verdicts import verdicts
from ceteris.report.latex import write_latex
from ceteris.report.report import publish
from ceteris.report.table_report import write_table_report
from ceteris.results.imports.imported_runs import Columns
from ceteris.results.imports.read import read_outcomes
from ceteris.statistics.one_look import Look


def read_judged(source: str, *, looks: str | None, unpaired: bool, **options: Any) -> Analysis:
    """Judge a table by what the options say, or a results folder by what its study declares."""
    if unpaired and options["pair"] is not None:
        raise CeterisError("--pair names what runs share, and --unpaired says that they share nothing. Leave one out.")
    kind = options.pop("format")
    if kind is None and (folder := judging.results_folder(source)) is not None:
        return judging.judge_folder(folder, **options, looks=looks, unpaired=unpaired or None)
    columns = Columns(**{name: options.pop(name) for name in ("variation", "seed", "metric", "pair", "step")})
    return judging.judge(read_outcomes(source, columns, kind=kind), looks=look_of(looks), **options)


def taken(source: str, analysis: Analysis) -> tuple[str, ...]:
    """Say what was taken for what, a line each."""
    if isinstance(analysis, judging.TableAnalysis):
        return (f"{analysis.outcomes.source}:", *(f"  {sentence}" for sentence in analysis.taken))
    path = expanded(source, error=ResultsError)
    return (f"{path}: a results folder, judged as its study declares.",)


def judge(
    source: str, *, out: Path | None, latex: Path | None, latex_prefix: str | None, console: Console, **options: Any
) -> Analysis:
    """Print what was taken for what, then what a report says; a results folder has the verdicts of its study."""
    prefix = checked_latex(latex, latex_prefix)
    analysis = read_judged(source, **options)
    for line in taken(source, analysis):
        print_line(line, console)
    print_results(analysis, console, elsewhere="`--json` has all")
    if out is not None or latex is not None:
        console.print()
    if out is not None and isinstance(analysis, StudyAnalysis):
        print_line(f"The report:      {publish(analysis, out=out).page}", console)
    elif out is not None and isinstance(analysis, judging.TableAnalysis):
        written = write_table_report(analysis, out)
        print_line(f"The report:      {written.page}", console)
        print_line(f"as text:         {written.text}", console)
        print_line(f"one row per run: {written.table}", console)
        print_line(f"for programs:    {written.verdicts}", console)
    if latex is not None:
        print_line(f"for LaTeX:       {write_latex(analysis, out=latex, prefix=prefix).main}", console)
    return analysis


def document(analysis: Analysis) -> Verdicts:
    """Give what was found for programs."""
    return verdicts(analysis)


def look_of(written: str | None) -> Look | None:
    """Read `--looks`.

    Example:
        >>> look_of("4"), look_of("2/4")
        (Look(number=4, planned=4), Look(number=2, planned=4))
    """
    if written is None:
        return None
    match = re.fullmatch(r"(?:(\d{1,4})/)?(\d{1,4})", written)
    if match is None:
        raise CeterisError(
            f"--looks is '{written}', expected how many looks there were, as 4, or which of how many, as 2/4."
        )
    return Look(number=int(match[1] or match[2]), planned=int(match[2]))
