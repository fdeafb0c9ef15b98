"""How long training took, variation by variation: what was measured, once per packed batch, and no test."""

import statistics
from collections.abc import Iterator, Sequence

from ceteris.analysis.analysis import MOST_SHOWN
from ceteris.analysis.scores import training_images
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.report.blocks import Section
from ceteris.report.quantities import NOTHING, count, listed_up_to, quoted
from ceteris.report.table import Cell, Column, Table
from ceteris.results.record import Status
from ceteris.study.run import Arm

_UNEVEN = 1.5
"""Times of equal runs that differ by this factor say more about the machine than about networks."""


def section(analysis: StudyAnalysis) -> Section | None:
    """Give the section of training times; None where no run has finished."""
    if not analysis.findings[Status.FINISHED]:
        return None
    return Section(anchor="training-time", heading="Training time", blocks=(training_time_table(analysis),))


def training_time_table(analysis: StudyAnalysis) -> Table:
    """Draw up seconds per run and per epoch of each arm, from the epochs that its finished runs recorded."""
    shown = [arm for arm in analysis.arms if arm.name in analysis.shown]
    times = {arm.name: _epoch_seconds(analysis, arm) for arm in shown}
    baseline = [sum(run) for run in times[analysis.arms[0].name]]
    return Table(
        name="training-times",
        title="Training time of finished runs, in seconds",
        columns=(
            Column(title="variation"),
            Column(
                title="runs",
                is_number=True,
                meaning="Finished runs; those that diverged stopped early. Below, in how many packed batches: runs of "
                "one share its time, which was measured once.",
            ),
            Column(
                title="seconds per run",
                is_number=True,
                meaning="Mean of a run's share of the time of its packed batch; of several packed batches, below it "
                "the standard deviation (sd) over the means of these, and the shortest and the longest.",
            ),
            Column(title="seconds per epoch", is_number=True, meaning="The same for the mean epoch of each run."),
            Column(title="images per second", is_number=True, meaning="Training images of an epoch, by its seconds."),
            Column(title="to baseline", is_number=True, meaning="Mean seconds per run, divided by the baseline's."),
        ),
        rows=tuple(_row(analysis, arm, times[arm.name], baseline) for arm in shown),
        pinned=1,
        notes=tuple(_notes(analysis)),
    )


def _epoch_seconds(analysis: StudyAnalysis, arm: Arm) -> list[list[float]]:
    """Give the seconds of each epoch of each finished run of an arm: its share of the packed batch."""
    finished = analysis.finished.get(arm.name, {})
    runs = [epochs for seed, epochs in analysis.epochs.get(arm.name, {}).items() if seed in finished]
    return [[one.seconds / one.packed_batch_runs for one in epochs] for epochs in runs]


def _row(
    analysis: StudyAnalysis, arm: Arm, seconds: Sequence[Sequence[float]], baseline: Sequence[float]
) -> tuple[Cell, ...]:
    runs, epochs = [sum(run) for run in seconds], [statistics.fmean(run) for run in seconds]
    if not runs or not all(runs):  # no run yet, or none that was timed
        return (Cell(arm.name), Cell(str(len(runs)), key=len(runs)), *(Cell(NOTHING) for _ in range(4)))
    speed = training_images(analysis.results.manifest, arm.specification.data) / statistics.fmean(epochs)
    ratio = statistics.fmean(runs) / statistics.fmean(baseline) if any(baseline) else None
    batches = _packed_batches(seconds)
    return (
        Cell(arm.name),
        Cell(f"{len(runs):,}", key=len(runs), detail=count(len(batches), "packed batch", "packed batches")),
        _spread_cell(runs, [statistics.fmean(map(sum, batch)) for batch in batches]),
        _spread_cell(epochs, [statistics.fmean(map(statistics.fmean, batch)) for batch in batches]),
        Cell(_written(speed), key=speed),
        Cell(NOTHING) if ratio is None else Cell(f"{_written(ratio)} times", key=ratio),
    )


def _packed_batches(runs: Sequence[Sequence[float]]) -> list[list[Sequence[float]]]:
    """Group runs by packed batch: those of one have the same times, up to the epoch after which one was stopped early.

    Example:
        >>> _packed_batches([[0.5, 0.25], [0.5], [0.75]])
        [[[0.5, 0.25], [0.5]], [[0.75]]]
    """
    batches: list[list[Sequence[float]]] = []
    for run in sorted(runs, key=len, reverse=True):
        own = next((one for one in batches if list(one[0][: len(run)]) == list(run)), None)
        if own is None:
            batches.append([run])
        else:
            own.append(run)
    return batches


def _unevenness(analysis: StudyAnalysis, arm: Arm) -> float:
    """Say how many times as long the slowest run of an arm took as the fastest of as many epochs in as many runs."""
    finished = analysis.finished.get(arm.name, {})
    by_runs: dict[tuple[int, ...], list[float]] = {}  # a run that was stopped early has fewer epochs
    for seed, epochs in analysis.epochs.get(arm.name, {}).items():
        if seed in finished and epochs:
            alike = tuple(one.packed_batch_runs for one in epochs)
            by_runs.setdefault(alike, []).append(sum(one.seconds for one in epochs))
    return max((max(one) / min(one) for one in by_runs.values() if min(one) > 0), default=1.0)


def _spread_cell(times: Sequence[float], measured: Sequence[float]) -> Cell:
    """Write the mean over runs, and the spread of what was measured apart."""
    mean = statistics.fmean(times)
    if len(measured) == 1:
        return Cell(_written(mean), key=mean)
    spread = f"sd {_written(statistics.stdev(measured))}; {_written(min(measured))} to {_written(max(measured))}"
    return Cell(_written(mean), key=mean, detail=spread)


def _written(number: float) -> str:
    """Write a number with three digits that say something.

    Example:
        >>> _written(0.25), _written(12.345), _written(99.96), _written(21_000)
        ('0.250', '12.3', '100', '21,000')
    """
    return f"{number:,.0f}" if number >= 99.95 else f"{number:#.3g}"


def _notes(analysis: StudyAnalysis) -> Iterator[str]:
    yield from analysis.left_out
    yield (
        "Times are as measured, whatever else the machine did, and are described here without a test. Runs of one "
        "packed batch train together and share its time equally, so that seeds give it no error bars."
    )
    uneven = {arm.name: ratio for arm in analysis.arms if (ratio := _unevenness(analysis, arm)) >= _UNEVEN}
    if uneven:
        worst = max(uneven, key=lambda name: uneven[name])
        yield (
            f"Equal runs of {quoted(worst)} took up to {_written(uneven[worst])} times as long in one packed batch as "
            "in another: the machine was busy with other work, and differences between arms up to that factor need "
            "not be of the networks."
        )
    hosts = len(analysis.environment.hosts)
    if hosts > 1:
        yield f"Runs were trained on {hosts} kinds of machines, whose times cannot be compared."
    for extraction, names in analysis.environment.shared_extractions.items():
        its = "its" if len(names) == 1 else "their"
        yield (
            f"The times of {listed_up_to([quoted(name) for name in names], most=MOST_SHOWN)} are without the "
            f"{_written(extraction.seconds)} seconds in which {its} features were computed, once for all {its} runs."
        )
