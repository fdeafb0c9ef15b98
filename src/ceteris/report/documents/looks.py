"""The looks of a study that adds seeds, as JSON documents have them."""

from ceteris.report.documents.document import Entry


class LookEntry(Entry):
    """One look at the results of a study that adds seeds.

    Attributes:
        seeds: Of every arm that was looked at.
        level: That the smallest p-value of a difference had to meet.
        equivalence_level: That the smallest p-value of an equivalence had to meet.
        open: Variations that it left open.
    """

    seeds: int
    level: float
    equivalence_level: float
    open: tuple[str, ...]


class PlanEntry(Entry):
    """When results are looked at, declared beforehand.

    Attributes:
        first: Seeds of each arm at the first look.
        step: Seeds that are added before each other look.
        most: Seeds at the last look; null if there may always be another.
    """

    first: int
    step: int
    most: int | None


class LooksEntry(Entry):
    """The looks of a study that adds seeds where the verdict is open.

    Attributes:
        plan: As it was declared.
        taken: The looks so far.
        is_over: Whether there is no next look.
    """

    plan: PlanEntry | None
    taken: tuple[LookEntry, ...]
    is_over: bool
