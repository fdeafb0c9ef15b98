"""`ceteris report`: writes the report of a results folder, and the table at the end of a run."""

import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ceteris.analysis.analysis import Analysis
from ceteris.analysis.study_analysis import StudyAnalysis, analyze
from ceteris.cli.console import print_notes, set_apart
from ceteris.errors import CeterisError, ResultsError
from ceteris.formatting.console import arm_table, print_line
from ceteris.paths import quoted
from ceteris.report.documents.entries import Verdicts
from ceteris.report.latex import PREFIX, checked_prefix, publish_latex
from ceteris.report.numbers import answer_numbers
from ceteris.report.report import Report, publish
from ceteris.report.scale import Scale
from ceteris.report.sections.answer import answer
from ceteris.report.sections.verdicts import footnotes
from ceteris.report.sections.warnings import warnings
from ceteris.report.wording import headline
from ceteris.results.results import read_results
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.summary import ArmSummary
from ceteris.statistics.verdict import Decision


def report(
    folder: Path,
    *,
    out: Path | None,
    image: int,
    console: Console,
    latex: Path | None = None,
    latex_prefix: str | None = None,
) -> Report:
    """Write the report of a results folder, and its files for LaTeX if asked, and print a summary."""
    prefix = checked_latex(latex, latex_prefix)
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
        article = publish_latex(
            written.sections,
            answer_numbers(analysis),
            title=analysis.title,
            question=analysis.question,
            out=latex,
            prefix=prefix,
        )
    print_results(analysis, console)
    console.print()
    print_line(f"The report:      {written.page}", console)
    print_line(f"as text:         {written.text}", console)
    print_line(f"one row per run: {written.table}", console)
    print_line(f"for programs:    {written.verdicts}", console)
    if latex is not None:
        print_line(f"for LaTeX:       {article.main}", console)
    return written


def checked_latex(folder: Path | None, prefix: str | None) -> str:
    """Give what the commands for LaTeX begin with, if --latex and --latex-prefix are what they should be."""
    if folder is not None and folder.suffix == ".tex":
        raise CeterisError(
            f"--latex is '{folder}', expected a folder: the table of verdicts is its file tables/verdicts.tex, beside "
            "the other tables, figures and numbers."
        )
    if prefix is None:
        return PREFIX
    if folder is None:
        raise CeterisError("--latex-prefix names the commands of the files that --latex DIR writes. Give both.")
    return checked_prefix(prefix)


def document(written: Report) -> Verdicts:
    """Give what the report says for programs: what stands in `verdicts.json`."""
    return Verdicts.model_validate_json(written.verdicts.read_bytes())


def close(folder: Path, console: Console) -> None:
    """End a run: print the results of the folder, and write its report; results never depend on whether that works."""
    try:
        report(folder, out=None, image=0, console=console)
    except (ResultsError, MemoryError) as error:
        reason = error if isinstance(error, ResultsError) else "there is not enough memory for it."
        console.print()
        print_line(f"There is no report: {reason}", console, style="red")
        print_line(f"The results are not touched by this; `ceteris report {quoted(folder)}` tries again.", console)


_WIDE = 100  # columns of a terminal that has room for the factors too
_STYLES = {
    Decision.BETTER: "green",
    Decision.WORSE: "red",
    Decision.EQUIVALENT: "cyan",
    Decision.UNDECIDED: "dim",
    Decision.NOT_COMPARED: "dim",
}


def print_results(analysis: Analysis, console: Console, *, elsewhere: str = "verdicts.json has all") -> None:
    """Print what results say: first what must be known before believing it, then a table, then the answer.

    Of very many arms the table has some, and a sentence below it says where all are.
    """
    console.print()
    console.print(Text(analysis.title, style="bold"), soft_wrap=True)
    print_notes(warnings(analysis), console)
    console.print()
    console.print(set_apart(results_table(analysis, is_wide=console.width >= _WIDE), console))
    for sentence in (*analysis.without_some(elsewhere), *footnotes(analysis), *answer(analysis)):
        console.print()
        console.print(Text(sentence))


def results_table(analysis: Analysis, *, is_wide: bool = True) -> Table:
    """Draw the table: accuracies in per cent, differences to the baseline in percentage points with their intervals."""
    level = f"{100 * analysis.criteria.level:g} %"
    words = (
        word for one in analysis.comparisons for word in headline(one.verdict, one.collapse, is_short=True).split()
    )
    longest = max(map(len, words), default=0)  # which is not to be torn apart
    crossed = any(one.factor != one.variation for one in analysis.comparisons)
    has_factors = is_wide and (isinstance(analysis, StudyAnalysis) or crossed)
    table = arm_table(with_factors=has_factors)
    scale = Scale.of(analysis)
    title = "accuracy" if scale.is_accuracy else f"{scale.metric.name}{scale.of_values}"
    # The name of a column in somebody else's table may be long, and names of variations need the room.
    places = " " if len(title) <= len("accuracy") else r" |(?<=[_/])(?=.)"
    table.add_column(re.sub(places, "\n", title), justify="right", no_wrap=True)
    table.add_column("to baseline", justify="right", no_wrap=True)
    table.add_column(f"simultaneous\n{level} interval", justify="right", no_wrap=True)
    table.add_column("verdict", min_width=longest)
    table.add_column("runs", no_wrap=True)
    skipped = analysis.manifest.skipped if isinstance(analysis, StudyAnalysis) else ()
    arms = (
        (analysis.baseline, _baseline(analysis.baseline, scale, is_reference=True)),
        *((one.summary, _variation(one, scale)) for one in analysis.comparisons),
        *(
            (analysis.summary(one.name), _baseline(analysis.summary(one.name), scale))
            for one in analysis.scores.crossed
        ),
    )
    for arm, cells in arms:
        if arm.name not in analysis.shown:
            continue
        factor = [Text("" if arm is analysis.baseline else arm.factor)] if has_factors else []
        table.add_row(*factor, *cells, _runs(arm, is_skipped=arm.name in skipped, is_wide=is_wide))
    return table


def _baseline(arm: ArmSummary, scale: Scale, *, is_reference: bool = False) -> Sequence[Text]:
    """Give the cells of an arm that is compared with no other: the baseline, a combination of crossed factors."""
    style, verdict = ("bold", "reference") if is_reference else ("", "")
    return (Text(arm.name, style=style), _accuracy(arm, scale), Text(), Text(), Text(verdict))


def _variation(one: Comparison, scale: Scale) -> Sequence[Text]:
    arm, finding = one.summary, one.verdict.decision
    difference = None if one.accuracy is None else one.accuracy.simultaneous
    return (
        Text(arm.name),
        _accuracy(arm, scale),
        Text("-" if difference is None else _written(scale, scale.difference(difference.estimate))),
        Text(scale.bare(scale.difference_range(difference))),
        Text(headline(one.verdict, one.collapse, is_short=True), style=_STYLES[finding]),
    )


def _accuracy(arm: ArmSummary, scale: Scale) -> Text:
    return Text("-" if arm.accuracy is None else _written(scale, scale.value(arm.accuracy.estimate)))


def _written(scale: Scale, text: str) -> str:
    """Leave out a unit that the head of the table has."""
    return text if scale.is_share or scale.is_ratio else scale.bare(text)


def _runs(arm: ArmSummary, *, is_skipped: bool, is_wide: bool) -> Text:
    skipped = arm.missing if is_skipped else ()
    kinds = (("at chance", arm.at_chance), ("diverged", arm.diverged), ("failed", arm.failed), ("skipped", skipped))
    parts = [f"{arm.ended} of {arm.planned}", *(f"{len(seeds)} {kind}" for kind, seeds in kinds if seeds)]
    return Text((", " if is_wide else "\n").join(parts))
