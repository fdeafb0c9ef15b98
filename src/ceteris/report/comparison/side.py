"""One results folder, as it is set beside another."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ceteris.analysis.answers import Answers, read_answers
from ceteris.analysis.circumstances import Circumstances, read_circumstances
from ceteris.analysis.scores import read_epochs, study_criteria, study_scores
from ceteris.results.manifest import Manifest
from ceteris.results.record import Status
from ceteris.results.results import Results
from ceteris.statistics.comparison import Comparison, compare
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.scores import ArmScores, Scores, counted_accuracy
from ceteris.statistics.summary import ArmSummary, summarise


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """A results folder with what its runs scored and what its variations came to.

    Attributes:
        label: `A` or `B`.
        results: The folder, as it was read.
        answers: What the finished runs answered; nothing where the labels of the test images cannot be read.
        scores: What every planned run counts with.
        criteria: What its study declared before any result.
        summaries: Each arm by itself, by its name.
        verdicts: Each variation against the baseline of the same folder, by its name.
        circumstances: Machines, versions and times.
    """

    label: str
    results: Results
    answers: Answers | None
    scores: Scores
    criteria: Criteria
    summaries: Mapping[str, ArmSummary]
    verdicts: Mapping[str, Comparison]
    circumstances: Circumstances

    @property
    def manifest(self) -> Manifest:
        """The study and its images."""
        return self.results.manifest

    @property
    def done(self) -> int:
        """How many runs came to their end, diverged ones too."""
        return sum(one.status in (Status.FINISHED, Status.DIVERGED) for one in self.results.findings)

    @cached_property
    def accuracies(self) -> Mapping[str, Mapping[int, float]]:
        """The test accuracy that each run counts with, by arm and seed; runs without a result are absent."""
        arms = (self.scores.baseline, *self.scores.variations)
        return {arm.name: _counted(arm, self.scores.chance) for arm in arms}

    def effects(self, name: str) -> Mapping[int, float]:
        """Give by how much a variation is above the baseline with the same seed, for the seeds that both have."""
        baseline, variation = self.accuracies[self.scores.baseline.name], self.accuracies[name]
        return {seed: variation[seed] - baseline[seed] for seed in sorted(baseline.keys() & variation.keys())}


def read_side(label: str, results: Results) -> Side:
    """Compute what is needed of a results folder, also of one that is empty, half done or damaged.

    Args:
        label: What to call it.
        results: From `read_results`.

    Raises:
        ResultsError: If a file of a finished run cannot be read.
    """
    epochs = read_epochs(results)
    # Verdicts rest on accuracies alone; without the answers to single images there is no bootstrap to wait for.
    scores = study_scores(results, None, epochs)
    criteria = study_criteria(results.manifest.study.analysis)
    arms = (scores.baseline, *scores.variations)
    return Side(
        label=label,
        results=results,
        answers=read_answers(results),
        scores=scores,
        criteria=criteria,
        summaries={arm.name: summarise(arm, chance=scores.chance, level=criteria.level) for arm in arms},
        verdicts={one.variation: one for one in compare(scores, criteria)},
        circumstances=read_circumstances(results, epochs),
    )


def _counted(arm: ArmScores, chance: float) -> dict[int, float]:
    counted = {run.seed: counted_accuracy(run, chance) for run in arm.runs}
    return {seed: accuracy for seed, accuracy in sorted(counted.items()) if accuracy is not None}
