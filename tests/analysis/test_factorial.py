"""Crossed factors from a results folder: which runs count, and what the effects are."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ceteris.analysis.study_analysis import analyze
from ceteris.report.sections.factorial import method
from ceteris.results.results import read_results
from ceteris.statistics.interval import Interval, Scope
from tests.made_up import made_up_folder, made_up_study
from tests.states import CROSSES, DEEPER


def accuracies(analysis, arm):
    """Give the recorded test accuracies of an arm, by seed."""
    found = analysis.results.records
    return {one.run.seed: one.test_accuracy for one in found if one.run.variation == arm}


def test_effects_are_those_of_the_recorded_accuracies(tmp_path):
    """Computed with SciPy from the records: the interaction is a t test of one number per seed."""
    study = made_up_study(seeds=6, variation=(), cross=CROSSES[:1])
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study)))
    (one,) = analysis.factorials
    cells = [accuracies(analysis, arm) for arm in ("baseline", "tanh", "deeper", "deeper, tanh")]
    table = np.array([[cell[seed] for seed in range(6)] for cell in cells])
    expected = stats.ttest_1samp(table[3] - table[2] - table[1] + table[0], 0)

    assert [effect.factors for effect in one.effects] == [(0,), (1,), (0, 1)]
    assert one.effects[0].found.estimate == pytest.approx((table[2] + table[3] - table[0] - table[1]).mean() / 2)
    assert one.effects[2].found.p_value == pytest.approx(expected.pvalue)


def test_only_runs_that_learned_count(analyses):
    """A diverged run and one at chance are in no mean, and are counted; a failed one is missing."""
    one, three = analyses("crossed").factorials
    cell = one.cells[1, 1]
    learned = [accuracies(analyses("crossed"), "deeper, tanh")[seed] for seed in (0, 2, 3, 5)]

    assert (cell.name, cell.ended, cell.learned, cell.collapsed, cell.planned) == (
        *("deeper, tanh", 6),
        *((0, 2, 3, 5), (1, 4), 6),
    )
    assert cell.accuracy.estimate == pytest.approx(np.mean(learned))
    assert (three.cells[0, 1, 0].ended, three.cells[0, 1, 0].planned) == (5, 6)


def test_a_mean_at_a_level_counts_combinations_alike(analyses):
    """Two runs less in one combination move no weight to the other."""
    one = analyses("crossed").factorials[0]
    cells = [one.cells[levels].accuracy.estimate for levels in ((0, 1), (1, 1))]
    mean = one.mean((1,), (1,))

    assert isinstance(mean, Interval)
    assert mean.estimate == pytest.approx(np.mean(cells))


def test_a_combination_without_runs_leaves_its_effects_open(analyses):
    """All three effects of two two-level factors rest on all four combinations."""
    (one,) = analyses("crossed, empty").factorials

    assert [(effect.found, effect.interval, effect.p_value_adjusted) for effect in one.effects] == [(None,) * 3] * 3
    assert one.mean((0, 1), (1, 1)) is None


def test_crossed_arms_are_in_no_family_of_variations(tmp_path):
    """A variation has the verdict that it has without the cross, though it is one of its combinations."""
    found = []
    for name, crosses in (("with", CROSSES[:1]), ("without", ())):
        study = made_up_study(seeds=4, variation=(DEEPER,), cross=crosses)
        found.append(analyze(read_results(made_up_folder(tmp_path / name, study=study))).comparisons)

    (with_cross,), (without,) = found
    assert with_cross.accuracy == without.accuracy
    assert with_cross.verdict == without.verdict


def test_every_arm_has_a_summary(analyses):
    """In the order of the study: the baseline, the variations, what crosses add."""
    analysis = analyses("crossed")

    assert [one.name for one in analysis.summaries] == [arm.name for arm in analysis.arms]
    assert len(analysis.scores.crossed) == 15 - 3
    assert analysis.summary("deeper, tanh").diverged == (1,)


def test_effects_allow_for_the_test_images_where_the_study_asks_for_it(analyses):
    """Errors are larger, and the sentences speak of images like these."""
    usual = analyses("crossed")
    population = replace(usual, criteria=replace(usual.criteria, scope=Scope.SEEDS_AND_IMAGES))
    before, after = (one.factorials[0] for one in (usual, population))

    for one, wider in zip(before.effects, after.effects, strict=True):
        assert wider.found.error >= one.found.error
    assert any(wider.found.error > one.found.error for one, wider in zip(before.effects, after.effects, strict=True))
    assert method(after).split(". ")[1].startswith("Test accuracy on images like these test images")
