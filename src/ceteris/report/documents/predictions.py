"""What `ceteris predict` says, for programs."""

from typing import Literal

from ceteris.report.documents.document import Document, Entry


class ClassEntry(Entry):
    """One class that an image may be of.

    Attributes:
        name: Of the class.
        probability: Mean over the seeds, in [0, 1].
        standard_deviation: Over the seeds; null for a single one.
        lowest: Smallest probability that a seed gives the class.
        highest: Largest probability that a seed gives the class.
        votes: Seeds that give this class their largest probability.
    """

    name: str
    probability: float
    standard_deviation: float | None
    lowest: float
    highest: float
    votes: int


class PredictionEntry(Entry):
    """What networks say of an image.

    Attributes:
        image: Its name, as it was given.
        error: Why there is no answer; empty if there is one.
        classes: The most probable first; empty without an answer.
        notes: What was done to the image before it was shown.
    """

    image: str
    error: str
    classes: tuple[ClassEntry, ...]
    notes: tuple[str, ...]


class PredictionsDocument(Document):
    """What `ceteris predict` says.

    Attributes:
        arm: The variation, or the baseline.
        seeds: Of the networks that answer together.
        predictions: Of each image, in the order in which they were found.
    """

    document: Literal["predictions"]
    schema_version: Literal[1]
    arm: str
    seeds: tuple[int, ...]
    predictions: tuple[PredictionEntry, ...]
