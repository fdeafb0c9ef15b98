"""What `ceteris plan` says, for programs."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from ceteris.execution.study import StudyPlan
from ceteris.networks.cost import network_cost
from ceteris.report.documents.document import Document, Entry
from ceteris.report.documents.entries import WarningEntry
from ceteris.report.documents.looks import PlanEntry
from ceteris.study.changes import changes, in_words
from ceteris.study.run import Arm


class PlannedArmEntry(Entry):
    """The baseline, a variation, or a combination of crossed factors.

    Attributes:
        name: Its name.
        factor: What it is about.
        changes: What it changes in the baseline, computed, a phrase each.
        seeds: How many it is trained with; of a study that adds seeds, at the first look.
        parameters: Trainable ones; null where code of the user's own does not say.
        multiply_adds: Of one image; null likewise.
        skipped: Why it cannot be trained now and what to do; empty if it can.
    """

    name: str
    factor: str
    changes: tuple[str, ...]
    seeds: int
    parameters: int | None
    multiply_adds: int | None
    skipped: str


class EnginePlanEntry(Entry):
    """What an engine trains.

    Attributes:
        engine: Its name.
        packed_batches: How many it trains; of a study that adds seeds, up to the first look.
        runs: How many runs these hold.
    """

    engine: str
    packed_batches: int
    runs: int


class DetectableEntry(Entry):
    """Which difference of a variation from the baseline the seeds can show, with 80 % probability.

    Attributes:
        standard_deviations: The difference in standard deviations over seeds; null where one seed cannot show any.
        assumed_deviation: Standard deviation over seeds, a fraction, that is assumed or taken from --like.
    """

    standard_deviations: float | None
    assumed_deviation: float


class MemoryEntry(Entry):
    """Memory in bytes.

    Attributes:
        needed: What training takes.
        free: What is free; null where that is not known.
    """

    needed: int
    free: int | None


class TimeEntry(Entry):
    """How long the study takes here, in seconds.

    Attributes:
        training: Until the last packed batch is done.
        preparation: Before that, for features of pretrained networks.
        is_most: Whether runs may stop earlier.
        cores: How many cores train, of this machine or of the cluster.
    """

    training: float
    preparation: float
    is_most: bool
    cores: int


class PlanDocument(Document):
    """What `ceteris plan` says.

    Attributes:
        title: Of the study.
        question: That it asks; may be empty.
        looks: When seeds are added; null where their number is fixed.
        arms: The baseline first.
        engines: Who trains what.
        detectable: What the seeds can show; null without variations.
        memory: What training takes; null where nothing can be trained.
        time: How long it takes; null where that is not estimated.
        warnings: What to know before it is trained.
    """

    document: Literal["plan"]
    schema_version: Literal[1]
    title: str
    question: str
    looks: PlanEntry | None
    arms: tuple[PlannedArmEntry, ...]
    engines: tuple[EnginePlanEntry, ...]
    detectable: DetectableEntry | None
    memory: MemoryEntry | None
    time: TimeEntry | None
    warnings: tuple[WarningEntry, ...]


def planned_arms(planned: StudyPlan, own: Mapping[str, int]) -> tuple[PlannedArmEntry, ...]:
    """Write the arms of a plan; `own` has the parameters of code of the user's own, 0 where they are not known."""
    first, seeds = planned.study.arms()[0], Counter(one.run.variation for one in planned.findings)

    def entry(arm: Arm) -> PlannedArmEntry:
        cost = network_cost(arm.specification.network, planned.images.shape, planned.images.classes)
        return PlannedArmEntry(
            name=arm.name,
            factor=arm.factor,
            changes=in_words(changes(first.specification, arm.specification)),
            seeds=seeds[arm.name],
            parameters=own.get(arm.name, cost.parameters) or None,
            multiply_adds=(0 if arm.specification.train else cost.multiply_adds) or None,
            skipped=planned.skipped.get(arm.name, ""),
        )

    return tuple(map(entry, planned.study.arms()))


def engine_entries(planned: StudyPlan) -> tuple[EnginePlanEntry, ...]:
    """Write who trains what."""
    names = sorted({batch.engine.name for batch in planned.batches})
    own = {name: [batch for batch in planned.batches if batch.engine.name == name] for name in names}
    return tuple(
        EnginePlanEntry(engine=name, packed_batches=len(found), runs=sum(len(batch.runs) for batch in found))
        for name, found in own.items()
    )
