"""What an experiment tracker is given (runs with a name, a group, settings and curves), and what it must do."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ceteris.checksummed import DamagedError
from ceteris.errors import ResultsError
from ceteris.results.finding import Finding
from ceteris.results.machine import Machine
from ceteris.results.record import Status
from ceteris.results.results import Results
from ceteris.results.run_folder import MACHINE
from ceteris.results.settings import Setting, settings_of
from ceteris.study.run import arm_folder


@dataclass(frozen=True, kw_only=True)
class Point:
    """What is known at the end of an epoch.

    Attributes:
        step: The epoch, from 1.
        time: When it ended, in seconds since 1970, UTC; the pauses of an interrupted run are left out.
        metrics: By name, for example `validation/accuracy`; not-a-number where a loss was not finite.
    """

    step: int
    time: float
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """One run, for any tracker.

    Attributes:
        name: `baseline/seed-07`: the folder of the variation and the seed; files about it go there.
        group: Name of the variation; runs of one group differ in their seed only.
        digest: Of specification, seed and images: the same for the same run wherever it is.
        status: `finished` or `diverged`.
        settings: Everything but seed and images that decides the run, by its place in a study file; a layer in words.
        points: One an epoch; the last one has the test scores of a finished run too.
        facts: Engine, versions, machine, and what must be known of the images.
    """

    name: str
    group: str
    factor: str
    seed: int
    digest: str
    status: str
    settings: Mapping[str, Setting]
    points: tuple[Point, ...]
    facts: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Tracker:
    """An experiment tracker that runs can be written for.

    Attributes:
        name: As `ceteris log --to` takes it.
        write: Writes runs into a folder, under the title of their study, and yields each as it is written or found. It
            raises `ResultsError` if a package is missing or the folder cannot be written.
    """

    name: str
    write: Callable[[Iterable[TrackedRun], Path, str], Iterator[TrackedRun]]
    look: Callable[[Path], str]


def tracked_runs(results: Results) -> Iterator[TrackedRun]:
    """Give every run that came to its end, in the order of the study."""
    for finding in results.findings:
        if finding.status in (Status.FINISHED, Status.DIVERGED):
            yield _tracked(results, finding)


def _tracked(results: Results, finding: Finding) -> TrackedRun:
    run, record = finding.run, finding.record
    assert record is not None, "a run that came to its end has a record"
    folder = results.folder.run_folder(run)
    try:
        machine = folder.read_machine()
    except DamagedError as error:
        raise ResultsError(f"{folder.path / MACHINE} {error}. Run the study again with this folder.") from None
    facts = {
        "study": results.manifest.study.title,
        "images": results.manifest.data_source,
        "data digest": run.data_digest,
        "engine": f"{record.engine} ({record.arithmetic})",
        **{f"{name} version": version for name, version in machine.versions.items()},
        **{name: str(fact) for name, fact in machine.host.items()},
        **{f"note {place}": note for place, note in enumerate(results.notes_about(run.variation), start=1)},
    }
    return TrackedRun(
        name=f"{arm_folder(run.variation)}/seed-{run.seed:02}",
        group=run.variation,
        factor=run.factor,
        seed=run.seed,
        digest=run.digest,
        status=finding.status.value,
        settings=settings_of(run.specification),
        points=tuple(_points(results, finding, machine)),
        facts=facts,
    )


def _points(results: Results, finding: Finding, machine: Machine) -> Iterator[Point]:
    record = finding.record
    assert record is not None, "a run that came to its end has a record"
    epochs = results.epochs(finding.run)
    time = datetime.fromisoformat(machine.finished).timestamp() - sum(epoch.seconds for epoch in epochs)
    for epoch in epochs:
        time += epoch.seconds
        metrics = {
            "training/loss": epoch.metrics.training_loss,
            "training/accuracy": epoch.metrics.training_accuracy,
            "validation/loss": epoch.metrics.validation_loss,
            "validation/accuracy": epoch.metrics.validation_accuracy,
            "training/seconds_share": epoch.seconds / epoch.packed_batch_runs,
        }
        if epoch is epochs[-1] and record.test_accuracy is not None:
            metrics["test/accuracy"] = record.test_accuracy
            if record.test_loss is not None:
                metrics["test/loss"] = record.test_loss
        yield Point(step=epoch.metrics.epoch, time=time, metrics=metrics)
