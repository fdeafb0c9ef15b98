"""The table at the end of a run: test accuracy of every variation, with its error bars and what became of its runs."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ceteris.runs.finding import Finding
from ceteris.runs.results import Results
from ceteris.runs.status import Status
from ceteris.statistics.interval import Interval
from ceteris.statistics.scores import ArmScores, RunScore
from ceteris.statistics.scores import Status as ScoreStatus
from ceteris.statistics.summary import ArmSummary, summarise

_COUNTED_AS = {
    Status.FINISHED: ScoreStatus.FINISHED,
    Status.DIVERGED: ScoreStatus.DIVERGED,
    Status.FAILED: ScoreStatus.FAILED,
}
"""Runs that are unfinished, missing or damaged are still to come."""


def print_results(results: Results, console: Console) -> None:
    """Print the table of a results folder, and above it all that a reader must know before believing it.

    Args:
        results: What was read from the folder.
        console: Where to print.
    """
    summaries = arm_summaries(results)
    console.print()
    console.print(Text(results.manifest.study.title, style="bold"), soft_wrap=True)
    for note in (*results.notes, *_notes(summaries)):
        console.print(Text(f"note: {note}", style="yellow"), soft_wrap=True)
    console.print()
    console.print(results_table(summaries))


def arm_summaries(results: Results) -> tuple[ArmSummary, ...]:
    """Sum up each variation of a results folder, the baseline first."""
    classes = len(results.manifest.class_names)
    arms: dict[str, list[Finding]] = {}
    for finding in results.findings:
        arms.setdefault(finding.run.variation, []).append(finding)
    return tuple(summarise(_arm_scores(findings), classes=classes) for findings in arms.values())


def results_table(summaries: Iterable[ArmSummary]) -> Table:
    """Draw the table: accuracies in per cent, with a 95 % t interval over seeds."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("factor", style="dim")
    table.add_column("variation")
    table.add_column("test accuracy", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_column("seeds", justify="right")
    for arm in summaries:
        table.add_row(
            Text("" if arm.factor == arm.name else arm.factor),
            Text(arm.name, style="bold" if arm.factor == arm.name else ""),
            Text("-" if arm.accuracy is None else f"{100 * arm.accuracy.estimate:.2f} %"),
            Text(_interval(arm)),
            Text(_runs(arm)),
        )
    return table


def _notes(summaries: Sequence[ArmSummary]) -> Iterator[str]:
    missing = sum(len(arm.missing) for arm in summaries)
    if missing:
        planned = sum(arm.planned for arm in summaries)
        yield f"{missing} of {planned} runs are still to come: every mean is over the seeds that are done."
    for arm in summaries:
        if arm.diverged or arm.failed or arm.guessing:
            yield from arm.notes


def _arm_scores(findings: Sequence[Finding]) -> ArmScores:
    first = findings[0].run
    return ArmScores(name=first.variation, factor=first.factor, runs=tuple(_score(finding) for finding in findings))


def _score(finding: Finding) -> RunScore:
    status = _COUNTED_AS.get(finding.status, ScoreStatus.MISSING)
    accuracy = finding.record.test_accuracy if finding.record is not None else None
    return RunScore(seed=finding.run.seed, status=status, test_accuracy=accuracy)


def _interval(arm: ArmSummary) -> str:
    if not isinstance(arm.accuracy, Interval):
        return "-"
    # A mean of accuracies cannot leave [0, 1], though Student's interval does not know it.
    low, high = max(arm.accuracy.low, 0.0), min(arm.accuracy.high, 1.0)
    return f"{100 * low:.2f} to {100 * high:.2f}"


def _runs(arm: ArmSummary) -> str:
    done = len(arm.finished) + len(arm.diverged)
    kinds = (("diverged", arm.diverged), ("failed", arm.failed))
    return f"{done} of {arm.planned}" + "".join(f", {len(seeds)} {kind}" for kind, seeds in kinds if seeds)
