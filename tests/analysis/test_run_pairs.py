import shutil
from dataclasses import astuple

import pytest

from ceteris.analysis.comparison import compare_results
from tests.made_results import DIVERGED, made_study

ALONE = made_study(variation=[])


def runs(compared, first, second, **changes):
    """Compare the baselines of two studies that have nothing else."""
    found = compared(({"baseline": first}, {"study": ALONE}), ({"baseline": second}, {"study": ALONE} | changes))
    return found.arms[0].runs, found.arms[0]


def test_runs_with_the_same_seed_are_set_against_each_other(compared):
    """By seed, those that came to their end in both folders."""
    pairs, _ = runs(compared, [50, None, 52, 53], [51, 52, 50, None])
    assert [(one.arm, one.seed, one.first, one.second) for one in pairs] == [
        ("baseline", 0, 0.5, 0.51),
        ("baseline", 2, 0.52, 0.5),
    ]
    assert [round(one.difference, 6) for one in pairs] == [0.01, -0.02]


def test_the_same_result_has_the_same_bits(compared):
    """The same accuracy with other answers has not, nor have the same answers of other weights."""
    (same, other, *_), _ = runs(compared, [50, 50], [50, 50])
    assert (same.is_same_run, same.has_same_bits, same.should_have_same_bits, same.is_copy) == (True, True, True, False)
    for other in ({"shift": 3}, {"weight": 2.0}):
        (one, _), _ = runs(compared, [50, 50], [50, 50], **other)
        assert (one.is_same_run, one.has_same_bits) == (True, False)


@pytest.mark.parametrize(
    "changes",
    [{"engine": "torch"}, {"arithmetic": "float64"}, {"images": "other"}, {"study": made_study(title="t", seeds=8)}],
)
def test_the_same_bits_are_promised_by_one_engine_for_one_run(compared, changes):
    """Not by another engine or arithmetic, nor for other images; but for a study with more seeds."""
    (one, *_), _ = runs(compared, [50], [50], **changes)
    assert one.should_have_same_bits == ("study" in changes)


def test_two_runs_that_diverged_alike_are_the_same(compared):
    """They have no answers, but the same end; one that diverged and one that did not have not."""
    (both, one), _ = runs(compared, [DIVERGED, DIVERGED], [DIVERGED, 50])
    assert (both.has_same_bits, both.alike, both.first, both.second) == (True, None, 0.1, 0.1)
    assert (one.has_same_bits, one.alike, one.first, one.second) == (False, None, 0.1, 0.5)


def test_answers_alike_are_counted(compared):
    """Right answers to images 0 to 49 and to images 10 to 69: of a hundred, 10 + 20 are answered otherwise."""
    (one,), _ = runs(compared, [50], [60], shift=10)
    assert one.alike == 0.7


def test_other_seeds_are_the_measure(compared):
    """Every run of the one with every run of the other that has another seed."""
    _, arm = runs(compared, [50, 60], [50, 80])
    assert arm.alike_with_other_seeds == pytest.approx(((1 - 0.3) + (1 - 0.1)) / 2)


def test_one_seed_has_no_other(compared):
    """There is nothing to measure by."""
    _, alone = runs(compared, [50], [50])
    assert alone.alike_with_other_seeds is None


def test_answers_to_other_images_cannot_be_compared(compared):
    """Nothing is said, rather than a number without meaning."""
    (one,), arm = runs(compared, [50], [50], images="other")
    assert (one.alike, arm.alike_with_other_seeds) == (None, None)


def test_a_copied_run_is_known_by_its_times(make_results, tmp_path):
    """To the microsecond no training takes as long as another."""
    first = make_results("one", {"baseline": [50, 51]})
    shutil.copytree(first, tmp_path / "two")
    assert [one.is_copy for one in compare_results(first, tmp_path / "two").run_pairs] == [True, True]


def test_a_pair_is_a_value(compared):
    """It can be written down whole."""
    (one,), _ = runs(compared, [50], [60])
    assert astuple(one) == ("baseline", 0, 0.5, 0.6, True, False, False, True, 0.9)
