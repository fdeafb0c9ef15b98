"""What the runs of each arm answered to the test images."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import Labels, as_labels
from ceteris.errors import ResultsError
from ceteris.results.record import Status
from ceteris.results.results import Results


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmAnswers:
    """The answers of one arm, without the runs that have none.

    Attributes:
        seeds: Of the finished runs, in the order of the study.
        answers: The most probable class. Shape (seeds, images), int32.
        probabilities: Mean over seeds. Shape (images, classes), float32.
    """

    seeds: tuple[int, ...]
    answers: Labels
    probabilities: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """The answers of a study, and the right ones.

    Attributes:
        labels: The class of each test image. Shape (images,), int32.
        arms: By name; an arm without a finished run is absent.
    """

    labels: Labels
    arms: Mapping[str, ArmAnswers]


def read_answers(results: Results) -> Answers | None:
    """Read what all finished runs answered, one file at a time: 40 kB a run stay in memory.

    Returns:
        Nothing where the labels of the test images are missing or damaged, without which no answer can be judged.
    """
    try:
        labels = results.labels()
    except ResultsError:
        return None
    arms: dict[str, list[tuple[int, Labels]]] = {}
    sums: dict[str, NDArray[np.float32]] = {}
    for finding in results.findings:
        if finding.status is not Status.FINISHED:
            continue
        run = finding.run
        probabilities = results.predictions(run)
        arms.setdefault(run.variation, []).append((run.seed, as_labels(probabilities.argmax(axis=1))))
        if run.variation not in sums:
            sums[run.variation] = np.zeros(probabilities.shape, np.float32)
        sums[run.variation] += probabilities
    return Answers(
        labels=labels,
        arms={
            name: ArmAnswers(
                seeds=tuple(seed for seed, _ in runs),
                answers=np.array([answers for _, answers in runs]),
                probabilities=sums[name] / np.float32(len(runs)),
            )
            for name, runs in arms.items()
        },
    )
