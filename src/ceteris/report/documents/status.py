"""What `ceteris status` says, for programs."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from ceteris.report.documents.document import Document, Entry
from ceteris.report.documents.entries import WarningEntry
from ceteris.report.documents.looks import LooksEntry
from ceteris.report.documents.verdicts import looks_entry, warning_entries
from ceteris.results.finding import Finding
from ceteris.results.record import Status
from ceteris.results.results import Results
from ceteris.statistics.looks import StudyLooks


class ArmStatusEntry(Entry):
    """How far the runs of one arm are.

    Attributes:
        name: Of the arm.
        factor: What it is about.
        finished: Runs that trained to the end.
        diverged: Runs whose loss was no longer finite.
        failed: Runs that were stopped by an error.
        damaged: Runs of which a file is not as it was written.
        unfinished: Runs with a checkpoint.
        missing: Runs that have not begun.
        skipped: Runs that cannot be trained now.
        in_training: Of the failed, unfinished and missing ones, those that a process is training now.
    """

    name: str
    factor: str
    finished: int
    diverged: int
    failed: int
    damaged: int
    unfinished: int
    missing: int
    skipped: int
    in_training: int


class TroubleEntry(Entry):
    """A run that failed or is damaged.

    Attributes:
        arm: Its arm.
        seed: Its seed.
        is_damaged: Whether a file of it is not as it was written; else it failed.
        text: What went wrong.
    """

    arm: str
    seed: int
    is_damaged: bool
    text: str


class StatusDocument(Document):
    """What `ceteris status` says.

    Attributes:
        title: Of the study.
        planned: Runs that are planned, of a study that adds seeds those up to the next look.
        ended: Runs that came to their end.
        is_complete: Whether nothing is left to train, but for what is skipped.
        arms: How far each is, the baseline first.
        troubles: Runs that failed or are damaged.
        looks: Of a study that adds seeds; null where their number is fixed.
        warnings: What to know before believing a number.
    """

    document: Literal["status"]
    schema_version: Literal[1]
    title: str
    planned: int
    ended: int
    is_complete: bool
    arms: tuple[ArmStatusEntry, ...]
    troubles: tuple[TroubleEntry, ...]
    looks: LooksEntry | None
    warnings: tuple[WarningEntry, ...]


def status_document(results: Results, looks: StudyLooks | None, told: Sequence[str]) -> StatusDocument:
    """Give how far the runs of a results folder are."""
    arms: dict[str, list[Finding]] = {}
    for finding in results.findings:
        arms.setdefault(finding.run.variation, []).append(finding)
    held = {run.digest for run in results.held}
    return StatusDocument(
        document="status",
        schema_version=1,
        title=results.manifest.study.title,
        planned=len(results.findings),
        ended=sum(one.status in (Status.FINISHED, Status.DIVERGED) for one in results.findings),
        is_complete=results.is_complete,
        arms=tuple(_arm(name, found, held) for name, found in arms.items()),
        troubles=tuple(
            TroubleEntry(
                arm=one.run.variation,
                seed=one.run.seed,
                is_damaged=one.status is Status.DAMAGED,
                text=one.trouble,
            )
            for one in results.findings
            if one.trouble
        ),
        looks=None if looks is None else looks_entry(looks, results.manifest.study.seeds),
        warnings=warning_entries(told),
    )


def _arm(name: str, found: Sequence[Finding], held: set[str]) -> ArmStatusEntry:
    counts = Counter(one.status.value for one in found)
    going_on = (Status.FAILED, Status.UNFINISHED, Status.MISSING)
    return ArmStatusEntry(
        name=name,
        factor=found[0].run.factor,
        in_training=sum(one.run.digest in held and one.status in going_on for one in found),
        **{status.value: counts[status.value] for status in Status},
    )
