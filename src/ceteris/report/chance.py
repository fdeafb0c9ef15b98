"""What must be said of runs that did no better than chance."""

from collections.abc import Iterator, Sequence

import numpy as np

from ceteris.analysis.chance import chance_level
from ceteris.report.naming import listed_up_to, quoted
from ceteris.report.quantities import count, percent
from ceteris.results.results import Results
from ceteris.statistics.summary import ArmSummary


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
