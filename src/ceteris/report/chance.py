"""The chance level of a results folder, and what must be said of runs that did no better."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ceteris.errors import ResultsError
from ceteris.report.naming import listed_up_to, quoted
from ceteris.report.quantities import count, percent
from ceteris.results.results import Results
from ceteris.statistics.summary import ArmSummary

_UNEQUAL = 1.1
"""Classes are called unequal where the largest has 10 % more test images than an equal division would give it."""


@dataclass(frozen=True, kw_only=True)
class ChanceLevel:
    """What a network scores that learned nothing: the share of the largest class among the test images.

    Attributes:
        share: In (0, 1].
        largest: The name of that class.
        is_unequal: Whether it is notably larger than an equal share.
    """

    share: float
    largest: str
    is_unequal: bool


def chance_level(results: Results) -> ChanceLevel:
    """Give the chance level of a results folder; that of equal classes where the labels cannot be read."""
    names = results.manifest.class_names
    try:
        labels = results.labels()
    except ResultsError:
        return ChanceLevel(share=1 / len(names), largest=names[0], is_unequal=False)
    counts = np.bincount(labels, minlength=len(names))
    largest = int(counts.argmax())
    return ChanceLevel(
        share=float(counts[largest] / counts.sum()),
        largest=names[largest],
        is_unequal=counts[largest] > _UNEQUAL * math.ceil(counts.sum() / len(names)),
    )


def chance_notes(results: Results, summaries: Sequence[ArmSummary]) -> tuple[str, ...]:
    """Say above the numbers that classes are unequal, and which runs finished no better than chance.

    Args:
        results: The results folder; predictions are read of the runs at chance only.
        summaries: Every arm by itself.

    Raises:
        ResultsError: If predictions of a run at chance cannot be read.
    """
    return tuple(_notes(results, summaries))


def _notes(results: Results, summaries: Sequence[ArmSummary]) -> Iterator[str]:
    level = chance_level(results)
    if level.is_unequal:
        yield (
            f"The classes are unequal: {quoted(level.largest)} has {percent(level.share)} of the test images, which is "
            "the chance level, the accuracy of always predicting it."
        )
    arms = [arm for arm in summaries if arm.at_chance]
    if not arms:
        return
    runs = sum(len(arm.at_chance) for arm in arms)
    which = listed_up_to([f"{quoted(arm.name)} ({len(arm.at_chance)} of {arm.planned})" for arm in arms], len(arms))
    verb, who = ("counts", "it") if runs == 1 else ("count", "they")
    text = (
        f"{count(runs, 'run')} finished no better than chance ({percent(level.share)}), and {verb} with what {who} "
        f"scored: {which}."
    )
    constant = _constant(results, arms)
    if constant:
        which = f"{'All' if constant == runs else constant} of them predict"
        whose = "It predicts" if runs == 1 else "One of them predicts" if constant == 1 else which
        text += f" {whose} the same class for every test image."
    yield text


def _constant(results: Results, arms: Sequence[ArmSummary]) -> int:
    """Count the runs at chance that predict one class for all test images."""
    chosen = {(arm.name, seed) for arm in arms for seed in arm.at_chance}
    found = [one.run for one in results.findings if (one.run.variation, one.run.seed) in chosen]
    return sum(int(np.unique(results.predictions(run).argmax(axis=1)).size == 1) for run in found)
