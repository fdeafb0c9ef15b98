"""`ceteris status`: how far the runs of a results folder are, and what is wrong with them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ceteris.analysis.analysis import MOST_SHOWN
from ceteris.analysis.looks import study_looks
from ceteris.analysis.scores import chance_level, constant_runs, study_scores
from ceteris.cli.console import print_notes, print_sentence, set_apart
from ceteris.formatting.console import arm_table
from ceteris.report.documents.status import StatusDocument, status_document
from ceteris.report.quantities import count
from ceteris.report.sections.looks import looks_so_far
from ceteris.report.sections.warnings import chance_notes
from ceteris.results.finding import Finding
from ceteris.results.record import Status
from ceteris.results.results import Results, read_results
from ceteris.statistics.looks import StudyLooks
from ceteris.statistics.summary import summarise
from ceteris.study.seeds import PlannedSeeds

_IN_TRAINING = "in training"
_COLUMNS = ("finished", "diverged", _IN_TRAINING, "unfinished", "missing", "failed", "damaged", "skipped")
_SHOWN_TROUBLES = 10
_AT_AN_END = frozenset({"finished", "diverged", "skipped"})


@dataclass(frozen=True, kw_only=True)
class FolderStatus:
    """How far a results folder is.

    Attributes:
        results: The folder, as it was read.
        looks: Of a study that adds seeds.
        notes: What a reader must know.
    """

    results: Results
    looks: StudyLooks | None
    notes: tuple[str, ...]


def status(folder: Path, console: Console) -> FolderStatus:
    """Print how far every variation is, above it what a reader must know, and below it what went wrong.

    Reads everything and compares every digest, and changes nothing; a study may be running meanwhile.
    """
    results = read_results(folder)
    console.print(Text(results.manifest.study.title, style="bold"), soft_wrap=True)
    console.print(f"images: {results.manifest.data_source}", markup=False, soft_wrap=True)
    notes = (*results.notes, *_at_chance(results))
    print_notes(notes, console)
    console.print()
    table = status_table(results)
    console.print(set_apart(table, console))
    if (others := len(results.manifest.study.arms()) - 1) > (shown := table.row_count - 1):
        order = ", first those that are under way or failed, then those that have not begun"
        left_out = f"{shown:,} of {others:,} variations are shown here{'' if results.is_complete else order}"
        print_sentence(Text(f"{left_out}; `--json` has all."), console)
    console.print()
    troubles = [
        f"{one.status.value}: '{one.run.variation}', seed {one.run.seed}: {one.trouble}"
        for one in results.findings
        if one.trouble
    ]
    for trouble in troubles[:_SHOWN_TROUBLES]:
        print_sentence(Text(trouble, style="red"), console)
    if len(troubles) > _SHOWN_TROUBLES:
        console.print(f"and {len(troubles) - _SHOWN_TROUBLES} more.")
    console.print(_summary(results), markup=False, soft_wrap=True)
    for holder, runs in Counter(results.holders.values()).items():
        print_sentence(Text(f"in training: {count(runs, 'run')} by {holder}."), console)
    seeds, looks = results.manifest.study.seeds, study_looks(results)
    if looks is not None and isinstance(seeds, PlannedSeeds):
        console.print(looks_so_far(looks, seeds.plan), markup=False, soft_wrap=True)
    return FolderStatus(results=results, looks=looks, notes=notes)


def document(found: FolderStatus) -> StatusDocument:
    """Give the same for programs."""
    return status_document(found.results, found.looks, found.notes)


def exit_code(found: FolderStatus) -> int:
    """Give 1 if a run failed or is damaged."""
    return int(any(one.trouble for one in found.results.findings))


def _at_chance(results: Results) -> tuple[str, ...]:
    level = chance_level(results)
    arms = study_scores(results, None, {}, level).arms
    summaries = [summarise(arm, chance=level.share) for arm in arms]
    return tuple(chance_notes(level, summaries, constant_runs(results, summaries)))


def status_table(results: Results) -> Table:
    """Draw one row a variation and one column for each state that a run is in; `finished` is always there.

    Of more than `MOST_SHOWN` variations come first, below the baseline, those whose runs are under way or went wrong,
    then those that have runs to begin; both in the order of the study.
    """
    held = {run.digest for run in results.held}
    arms: dict[tuple[str, str], list[Finding]] = {}
    for finding in results.findings:
        arms.setdefault((finding.run.factor, finding.run.variation), []).append(finding)
    states = {arm: Counter(_state(one, held) for one in findings) for arm, findings in arms.items()}
    columns = [name for name in _COLUMNS if name == _COLUMNS[0] or any(counts[name] for counts in states.values())]
    table = arm_table()
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    baseline, *others = arms
    if len(others) > MOST_SHOWN:
        others = sorted(others, key=lambda arm: _urgency(states[arm]))[:MOST_SHOWN]
    for factor, variation in (baseline, *others):
        findings = arms[factor, variation]
        cells = [_cell(name, states[factor, variation][name], findings, held) for name in columns]
        is_baseline = factor == variation
        title = Text(variation, style="bold" if is_baseline else "")
        table.add_row(Text("" if is_baseline else factor), title, *cells)
    return table


def _urgency(states: Counter[str]) -> int:
    """Give 0 for an arm with runs that are under way or went wrong, 1 for one that has some to begin, 2 for others."""
    left = states.keys() - _AT_AN_END
    return 2 - bool(left) - bool(left - {"missing"})


def _state(finding: Finding, held: set[str]) -> str:
    is_going_on = finding.status in (Status.UNFINISHED, Status.MISSING, Status.FAILED)
    return _IN_TRAINING if is_going_on and finding.run.digest in held else finding.status.value


def _cell(name: str, count: int, findings: Sequence[Finding], held: set[str]) -> Text:
    """Write a count, and for unfinished runs the epoch that the slowest of them is in."""
    if not count:
        return Text("-", style="dim")
    if name != Status.UNFINISHED.value:
        return Text(str(count), style="red" if name in (Status.FAILED, Status.DAMAGED) else "")
    slowest = min(one.position for one in findings if one.position is not None and _state(one, held) == name)
    epochs = findings[0].run.specification.training.epochs
    return Text(f"{count}, epoch {min(slowest.epoch + 1, epochs)} of {epochs}")


def _summary(results: Results) -> str:
    counts = Counter(one.status for one in results.findings)
    done = f"{counts[Status.FINISHED] + counts[Status.DIVERGED]:,} of {count(len(results.findings), 'run')} done"
    if counts[Status.SKIPPED]:
        done += f", {counts[Status.SKIPPED]:,} skipped"
    if results.is_complete:
        return f"{done}."
    if results.held:
        return f"{done}; {len(results.held):,} {'is' if len(results.held) == 1 else 'are'} in training now."
    mended = ", setting damaged files aside" if counts[Status.DAMAGED] else ""
    return f"{done}; `ceteris run` with the same study and folder does the rest{mended}."
