"""Takes up the runs of a packed batch from a results folder, and keeps there what workers make of them."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from ceteris.execution.events import Event, RunDamaged, RunFinished, RunsHeld
from ceteris.results.checkpoint import Checkpoint
from ceteris.results.finding import Finding
from ceteris.results.folder import ResultsFolder
from ceteris.results.run_folder import RunFiles
from ceteris.study.run import Run


@dataclass(frozen=True, kw_only=True)
class Start:
    """A run that is to be trained, from its checkpoint if it has one.

    Attributes:
        facts: What is stored of its training beside the engine's facts.
    """

    run: Run
    checkpoint: Checkpoint | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Unusable:
    """Files of a run that a worker could not go on from; they are to be moved aside."""

    finding: Finding


Happened = Event | RunFiles | Unusable
"""What a worker yields: events, and between them what is to be stored before the next one is reported."""


def claim_runs(
    runs: Sequence[Run], folder: ResultsFolder, claims: ExitStack
) -> Generator[Event, None, tuple[ResultsFolder, tuple[Run, ...]]]:
    """Claim runs until `claims` is closed.

    Returns:
        The folder, which from now on writes a run only while the claim holds, and the runs that no other process holds.
    """
    claim = claims.enter_context(folder.claim(runs))
    if claim.refused:
        yield RunsHeld(runs=tuple(run for run in runs if run.digest not in claim))
    return replace(folder, held=claim), tuple(run for run in runs if run.digest in claim)


def find_starts(runs: Sequence[Run], folder: ResultsFolder) -> Generator[Event, None, tuple[Start, ...]]:
    """Look where claimed runs are on disk, move damaged files aside, and return those that are not at their end."""
    starts: list[Start] = []
    for run in runs:
        finding = folder.look_again(run)
        if finding.damage:
            yield _set_aside(finding, folder)
            finding = folder.run_folder(run).examine()
        folder.run_folder(run).tidy()
        if finding.record is None:
            starts.append(Start(run=run, checkpoint=folder.run_folder(run).read_checkpoint()))
        else:
            yield RunFinished(record=finding.record)
    return tuple(starts)


def keep(happened: Happened, folder: ResultsFolder) -> Iterator[Event]:
    """Write what is to be kept, and give what is to be told.

    Raises:
        ResultsError: If the folder cannot be written.
        LostRunError: If another process has taken the run over.
    """
    match happened:
        case RunFiles():
            folder.run_folder(happened.run).keep(happened)
        case Unusable():
            yield _set_aside(happened.finding, folder)
        case _:
            yield happened


def _set_aside(finding: Finding, folder: ResultsFolder) -> RunDamaged:
    return RunDamaged(run=finding.run, damage=finding.damage, aside=folder.set_aside(finding))
