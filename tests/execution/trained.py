"""Runs of the miniature study, trained packed batch by packed batch, and what that gave."""

from ceteris.execution.packing import pack
from ceteris.execution.worker import train_batch
from ceteris.results.record import Status
from ceteris.testing.miniature import FakeEngine, miniature_runs
from tests.miniature import Never

RUNS = miniature_runs()


def train(workspace, engine=None, runs=RUNS, stop=None) -> list:
    """Train runs packed batch by packed batch, from where they are on disk, and give all events."""
    engine = engine or FakeEngine()
    findings = workspace.folder.survey(runs)
    positions = {finding.run.digest: finding.position for finding in findings if finding.position}
    batches = pack((finding.run for finding in findings if finding.record is None), engine, positions)
    return [event for batch in batches for event in train_batch(batch, workspace, stop or Never())]


def of_kind(events, kind) -> list:
    """Choose events."""
    return [event for event in events if isinstance(event, kind)]


def statuses(workspace, runs=RUNS) -> list[Status]:
    """Say how far runs are."""
    return [finding.status for finding in workspace.folder.survey(runs)]
