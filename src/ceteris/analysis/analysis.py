"""What is known of any table of results, whoever trained its runs; `StudyAnalysis` knows more of a results folder."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ceteris.analysis.factorial import Factorial
from ceteris.analysis.frame import data_frame
from ceteris.formatting.notebook import in_notebook
from ceteris.formatting.wording import count
from ceteris.statistics.collapse import Stability
from ceteris.statistics.comparison import Comparison
from ceteris.statistics.contrast import Criteria
from ceteris.statistics.interval import Interval
from ceteris.statistics.looks import StudyLooks
from ceteris.statistics.metric import Metric
from ceteris.statistics.scores import ArmScores, Scores
from ceteris.statistics.summary import ArmSummary, summarise
from ceteris.statistics.verdict import Decision
from ceteris.study.changes import Change

MOST_SHOWN = 200
"""Arms beside the baseline that a report shows one by one: a page of 1,000 took a browser 20 seconds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysis:
    """Arms with their scores, each variation against the baseline, and what is needed to tell of them.

    Sections of the report that need no more take it; those that need more are left out where that is missing.

    Attributes:
        title: Of the study, or of the table.
        question: What the study asks; may be empty.
        notes: What must be known before any number is believed, in sentences.
        scores: What every planned run counts with.
        metric: What verdicts are about: what `accuracy` of summaries and comparisons stands for, higher is better.
        criteria: What was declared before any result.
        baseline: The baseline by itself.
        comparisons: Each variation against the baseline, in the order of the study.
        changed: By name of the arm, what differs from the baseline, computed; an arm of which that is not known is
            absent.
        target: The validation accuracy that counts as converged, where there are learning curves.
        looks: Of a study that adds seeds where the verdict is open; the verdicts are what they decided.
    """

    title: str
    question: str
    notes: tuple[str, ...]
    scores: Scores
    metric: Metric
    criteria: Criteria
    baseline: ArmSummary
    comparisons: tuple[Comparison, ...]
    changed: Mapping[str, tuple[Change, ...]]
    target: float | None = None
    looks: StudyLooks | None = None

    def __repr__(self) -> str:
        size = f"{count(len(self.comparisons), 'variation')}, {count(self.done, 'run')}"
        return f"{type(self).__name__}({self.title!r}: {size})"

    def _repr_html_(self) -> str:
        return in_notebook(self)

    # Computed once each: the tables ask for them in every row.
    @cached_property
    def arm_scores(self) -> Mapping[str, ArmScores]:
        """What the runs of each arm scored, by its name."""
        return {arm.name: arm for arm in self.scores.arms}

    @cached_property
    def accuracies(self) -> Mapping[str, Mapping[int, float]]:
        """The test accuracy that each run counts with, by arm and seed; runs without a result are absent."""
        return {name: arm.counted(self.scores.chance) for name, arm in self.arm_scores.items()}

    @cached_property
    def learned(self) -> Mapping[str, Mapping[int, float]]:
        """The test accuracy of each run that learned, by arm and seed."""
        return {name: arm.learned(self.scores.chance) for name, arm in self.arm_scores.items()}

    @cached_property
    def summaries(self) -> tuple[ArmSummary, ...]:
        """Every arm by itself, the baseline first."""
        level, target = self.criteria.level, self.target
        crossed = (summarise(arm, chance=self.scores.chance, target=target, level=level) for arm in self.scores.crossed)
        return (self.baseline, *(one.summary for one in self.comparisons), *crossed)

    @cached_property
    def shown(self) -> frozenset[str]:
        """Names of the arms that tables and figures show: all, or the baseline and `MOST_SHOWN` others.

        Half of these are the most accurate, a quarter those with the greatest share of runs that did not learn, and the
        others the least accurate; arms without an accuracy fill up what these leave.
        """
        baseline, *others = self.summaries
        if len(others) <= MOST_SHOWN:
            return frozenset(arm.name for arm in self.summaries)
        half = MOST_SHOWN // 2
        known = [(arm.accuracy.estimate, arm) for arm in others if arm.accuracy is not None]
        ranked = [arm for _, arm in sorted(known, key=lambda one: one[0])]
        worst_first = [*ranked[:-half], *(arm for arm in others if arm.accuracy is None)]
        unsteady = [arm for arm in worst_first if arm.collapsed]
        unsteady.sort(key=lambda arm: -len(arm.collapsed) / arm.ended)
        names = {arm.name for arm in (baseline, *ranked[-half:], *unsteady[: (MOST_SHOWN - half) // 2])}
        left = [arm.name for arm in worst_first if arm.name not in names]
        return frozenset(names.union(left[: MOST_SHOWN + 1 - len(names)]))

    @cached_property
    def shown_comparisons(self) -> tuple[Comparison, ...]:
        """The comparisons of the arms that are shown, in the order of the study."""
        return tuple(one for one in self.comparisons if one.variation in self.shown)

    @cached_property
    def shown_summaries(self) -> tuple[ArmSummary, ...]:
        """The arms that are shown, likewise."""
        return tuple(one for one in self.summaries if one.name in self.shown)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Say, below what shows single arms of a report, that it does not show all of them; empty where it does."""
        return self.without_some("verdicts.json has all")

    def without_some(self, elsewhere: str) -> tuple[str, ...]:
        """Say that not all arms are shown, and where all are; empty where they are all shown."""
        others, shown = len(self.summaries) - 1, len(self.shown) - 1
        if others == shown:
            return ()
        which = f"{shown:,} of {others:,} variations are shown here, the best and the worst by {self.metric.name}"
        if any(arm.collapsed for arm in self.summaries[1:]):
            which += " and those that most often did not learn"
        return (f"{which}; {elsewhere}.",)

    @cached_property
    def _summaries(self) -> Mapping[str, ArmSummary]:
        return {one.name: one for one in self.summaries}

    @cached_property
    def _comparisons(self) -> Mapping[str, Comparison]:
        return {one.variation: one for one in self.comparisons}

    def comparison(self, variation: str) -> Comparison | None:
        """Give the comparison of a variation with the baseline; None for the baseline."""
        return self._comparisons.get(variation)

    def summary(self, arm: str) -> ArmSummary:
        """Give one arm by itself."""
        return self._summaries[arm]

    def changes(self, arm: str) -> tuple[Change, ...]:
        """Say what an arm changes in the baseline, computed; empty for the baseline, or where it is not known."""
        return self.changed.get(arm, ())

    def natural(self, number: float) -> float:
        """Give a value as it was measured: `accuracy` of summaries has its sign turned where lower is better.

        Numbers of a metric that is compared by ratios or odds are logarithms there.
        """
        return self.metric.spacing.back(self._sign * number)

    def apart(self, number: float) -> float:
        """Give a difference in the metric's unit, or of ratios as a relative change."""
        arm = self.baseline.accuracy
        return self.metric.spacing.apart(
            self._sign * number, baseline=math.nan if arm is None else self.natural(arm.estimate)
        )

    @property
    def _sign(self) -> int:
        return 1 if self.metric.higher_is_better else -1

    def frame(self) -> Any:
        """Give every arm as a row of a data frame, the baseline first.

        Its columns: variation; factor; runs that learned, ended at_chance, diverged and failed; value, the mean over
        the runs that learned; difference to the baseline, with the ends of its simultaneous interval, low and high;
        p_adjusted by Holm's method; p_equivalent likewise; verdict; collapse, which says whether runs collapse more or
        less often. Missing numbers are not-a-number.

        Raises:
            ResultsError: If neither pandas nor polars is installed.
        """
        rows = [self._row(arm, self.comparison(arm.name)) for arm in self.summaries]
        return data_frame({name: [row[name] for row in rows] for name in rows[0]})

    def _row(self, arm: ArmSummary, one: Comparison | None) -> dict[str, object]:
        found, equal = (None, None) if one is None else (one.accuracy, one.equivalence)
        difference = None if found is None else found.simultaneous
        low, high = math.nan, math.nan
        if isinstance(difference, Interval):
            low, high = sorted((self.apart(difference.low), self.apart(difference.high)))
        return {
            "variation": arm.name,
            "factor": arm.factor,
            "learned": len(arm.learned),
            "at_chance": len(arm.at_chance),
            "diverged": len(arm.diverged),
            "failed": len(arm.failed),
            "value": math.nan if arm.accuracy is None else self.natural(arm.accuracy.estimate),
            "difference": math.nan if difference is None else self.apart(difference.estimate),
            "low": low,
            "high": high,
            "p_adjusted": _number(None if found is None else found.p_value_adjusted),
            "p_equivalent": _number(None if equal is None else equal.p_value_adjusted),
            "verdict": "reference" if arm is self.baseline else "" if one is None else str(one.verdict.decision),
            "collapse": "" if one is None or not one.collapse else str(one.collapse.stability),
        }

    @property
    def test_images(self) -> str:
        """What all runs were scored on, to follow "on the"; empty where it is not known to be images."""
        return ""

    @property
    def has_curves(self) -> bool:
        """Whether there are learning curves; without them nothing is said of how fast arms learn."""
        return False

    @property
    def factorials(self) -> tuple[Factorial, ...]:
        """The effects and interactions of crossed factors; empty where none are crossed."""
        return ()

    @property
    def planned(self) -> int:
        """How many runs were planned."""
        return sum(arm.planned for arm in self.summaries)

    @property
    def done(self) -> int:
        """How many runs came to their end, diverged ones too."""
        return sum(arm.ended for arm in self.summaries)

    @property
    def has_error_bars(self) -> bool:
        """Whether anything at all was measured with more than one seed."""
        return any(isinstance(arm.accuracy, Interval) for arm in self.summaries)

    @property
    def has_collapsed(self) -> bool:
        """Whether any run came to its end without learning."""
        return any(arm.collapsed for arm in self.summaries)

    def with_stability(self, finding: Stability) -> tuple[Comparison, ...]:
        """Give the comparisons that came to one finding on the rate of collapse, the highest rates first."""
        chosen = [one for one in self.comparisons if one.collapse and one.collapse.stability is finding]
        return tuple(sorted(chosen, key=lambda one: -one.summary.collapse.estimate if one.summary.collapse else 0.0))

    def with_verdict(self, finding: Decision) -> tuple[Comparison, ...]:
        """Give the comparisons that came to one of the four verdicts, the largest differences first."""
        chosen = [one for one in self.comparisons if one.verdict.decision is finding]
        return tuple(sorted(chosen, key=lambda one: -abs(one.accuracy.difference.estimate if one.accuracy else 0.0)))


def _number(value: float | None) -> float:
    return math.nan if value is None else value
