"""A loop that proposes changes to a noisy baseline: made-up accuracies, judged by the code of `ceteris check`."""

from dataclasses import dataclass

import numpy as np

from ceteris.analysis.analysis import Analysis
from ceteris.analysis.expectations import Claim, Expectation, ExpectationOutcome, check_expectations
from ceteris.analysis.looks import as_decided
from ceteris.statistics.comparison import compare
from ceteris.statistics.contrast import USUAL
from ceteris.statistics.looks import take_looks
from ceteris.statistics.metrics import TEST_ACCURACY
from ceteris.statistics.scores import ArmScores, Ending, RunScore, Scores
from ceteris.statistics.sequential import LookPlan
from ceteris.statistics.summary import summarise

MEAN, NOISE = 0.70, 0.01
"""Of the accuracies of the baseline over seeds: fractions."""

PLAN = LookPlan(first=6, step=6, most=18)


@dataclass(frozen=True)
class Proposal:
    """A change, and the accuracies of all runs that it may get, beside as many of the baseline. Shape (seeds,)."""

    baseline: np.ndarray
    changed: np.ndarray


def propose(number, *, effect=0.0, seed=0):
    """Give proposals that raise accuracy by a number of standard deviations over seeds, or by nothing."""
    generator = np.random.default_rng(seed)
    shape = (number, PLAN.most)
    before, after = (generator.normal(MEAN + shift, NOISE, shape) for shift in (0.0, effect * NOISE))
    return [Proposal(*both) for both in zip(before, after, strict=True)]


def judged(one):
    """Judge a proposal as a study with a baseline, one variation and declared looks."""
    baseline, changed = (
        ArmScores(
            name=name,
            factor="proposal",
            runs=tuple(
                RunScore(seed=seed, status=Ending.FINISHED, test_accuracy=float(accuracy))
                for seed, accuracy in enumerate(accuracies)
            ),
        )
        for name, accuracies in (("baseline", one.baseline), ("proposal", one.changed))
    )
    scores = Scores(baseline=baseline, variations=(changed,), chance=0.1)
    looks = take_looks(scores, PLAN)
    return Analysis(
        title="A proposal",
        question="",
        notes=(),
        scores=scores,
        metric=TEST_ACCURACY,
        criteria=USUAL,
        baseline=summarise(baseline, chance=0.1),
        comparisons=as_decided(compare(scores), looks, {}),
        changed={},
        looks=looks,
    )


def is_kept(analysis):
    """Ask what `ceteris check --expect "proposal: better"` answers."""
    expectation = Expectation(variation="proposal", claim=Claim.BETTER)
    (found,) = check_expectations(analysis, [expectation])
    return found.outcome is ExpectationOutcome.HOLDS


def runs_of(analysis):
    """Count the runs that the looks asked for, of both arms."""
    return sum(analysis.looks.asked.values())
