"""The table at the end of a run: what each variation did to test accuracy, and above it what must be known first."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.cli.notes import print_notes
from ceteris.cli.rows import arm_table, set_apart
from ceteris.report.quantities import percent, percent_range, points, points_range
from ceteris.report.sections.answer import answer
from ceteris.report.sections.verdicts import footnotes
from ceteris.report.sections.warnings import warnings
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.summary import ArmSummary
from ceteris.statistics.verdict import Decision

_WIDE = 100  # columns of a terminal that has room for the factors too
_STYLES = {
    Decision.BETTER: "green",
    Decision.WORSE: "red",
    Decision.EQUIVALENT: "cyan",
    Decision.UNDECIDED: "dim",
    Decision.NOT_COMPARED: "dim",
}


def print_results(analysis: StudyAnalysis, console: Console) -> None:
    """Print what a results folder says: first what must be known before believing it, then a table, then the answer.

    Args:
        analysis: From `analyze`.
        console: Where to print.
    """
    console.print()
    console.print(Text(analysis.results.manifest.study.title, style="bold"), soft_wrap=True)
    print_notes(warnings(analysis), console)
    console.print()
    console.print(set_apart(results_table(analysis, is_wide=console.width >= _WIDE), console))
    for sentence in (*footnotes(analysis), *answer(analysis)):
        console.print()
        console.print(Text(sentence))


def results_table(analysis: StudyAnalysis, *, is_wide: bool = True) -> Table:
    """Draw the table: accuracies in per cent, differences to the baseline in percentage points with their intervals.

    Args:
        analysis: From `analyze`.
        is_wide: Whether there is room for the factors, and for what became of runs on one line.
    """
    level = f"{100 * analysis.criteria.level:g} %"
    words = (word for one in analysis.comparisons for word in str(one.verdict.decision).split())
    longest = max(map(len, words), default=0)  # which is not to be torn apart
    table = arm_table(with_factors=is_wide)
    table.add_column("accuracy", justify="right", no_wrap=True)
    table.add_column("to baseline", justify="right", no_wrap=True)
    table.add_column(f"{level} interval", justify="right", no_wrap=True)
    table.add_column("verdict", min_width=longest)
    table.add_column("runs", no_wrap=True)
    skipped = analysis.results.manifest.skipped
    arms = (
        (analysis.baseline, _baseline(analysis.baseline)),
        *((one.summary, _variation(one)) for one in analysis.comparisons),
    )
    for arm, cells in arms:
        factor = [Text("" if arm is analysis.baseline else arm.factor)] if is_wide else []
        table.add_row(*factor, *cells, _runs(arm, is_skipped=arm.name in skipped, is_wide=is_wide))
    return table


def _baseline(arm: ArmSummary) -> Sequence[Text]:
    return (Text(arm.name, style="bold"), _accuracy(arm), Text(), Text(percent_range(arm.accuracy)), Text())


def _variation(one: Comparison) -> Sequence[Text]:
    arm, finding = one.summary, one.verdict.decision
    difference = None if one.accuracy is None else one.accuracy.difference
    return (
        Text(arm.name),
        _accuracy(arm),
        Text("-" if difference is None else points(difference.estimate)),
        Text(points_range(difference).removesuffix(" pp")),
        Text(str(finding), style=_STYLES[finding]),
    )


def _accuracy(arm: ArmSummary) -> Text:
    return Text("-" if arm.accuracy is None else percent(arm.accuracy.estimate))


def _runs(arm: ArmSummary, *, is_skipped: bool, is_wide: bool) -> Text:
    done = len(arm.finished) + len(arm.diverged)
    skipped = arm.missing if is_skipped else ()
    kinds = (("diverged", arm.diverged), ("failed", arm.failed), ("skipped", skipped))
    parts = [f"{done} of {arm.planned}", *(f"{len(seeds)} {kind}" for kind, seeds in kinds if seeds)]
    return Text((", " if is_wide else "\n").join(parts))
