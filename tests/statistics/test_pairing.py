import numpy as np

from ceteris.statistics.pairing import pair_accuracies, pair_answers
from ceteris.statistics.scores import Status


def test_pairs_are_made_by_seed_not_by_place(make_arm):
    """Arms in different orders are paired by seed, and seeds that count in one arm only are named."""
    before = make_arm("baseline", {2: 0.52, 0: 0.50, 1: 0.51, 3: Status.FAILED, 4: 0.54})
    after = make_arm("wide", {0: 0.60, 3: 0.63, 4: Status.DIVERGED, 2: 0.62, 1: Status.MISSING})
    pairing = pair_accuracies(before, after, chance=0.1)
    assert pairing.seeds == (0, 2, 4)
    assert pairing.unpaired == (1, 3)
    assert pairing.baseline.tolist() == [0.50, 0.52, 0.54]
    assert pairing.variation.tolist() == [0.60, 0.62, 0.1]


def test_pairs_come_in_the_order_of_seeds(make_arm):
    """Large seeds too come in order, which a set would not keep."""
    accuracies = {1024: 0.5, 16: 0.6, 8: 0.7, 0: 0.8}
    pairing = pair_accuracies(make_arm("baseline", accuracies), make_arm("wide", accuracies), chance=0.1)
    assert pairing.seeds == (0, 8, 16, 1024)
    assert pairing.baseline.tolist() == [0.8, 0.7, 0.6, 0.5]


def test_no_pairs(make_arm):
    """Arms without a common seed give no pairs, and both seeds are named."""
    pairing = pair_accuracies(make_arm("baseline", {0: 0.5}), make_arm("wide", {1: 0.6}), chance=0.1)
    assert (pairing.seeds, pairing.unpaired, len(pairing.baseline)) == ((), (0, 1), 0)


def test_answers_are_paired_and_diverged_runs_guess(make_arm):
    """Answers are paired by seed where both are known; a diverged run guesses every image."""
    before = make_arm("baseline", {0: 0.5, 1: 0.5, 2: 0.5}, correct={0: [1, 0], 1: [0, 1], 2: [1, 1]})
    after = make_arm("wide", {2: 0.5, 1: Status.DIVERGED, 0: 0.5}, correct={2: [0, 0]})
    answers = pair_answers(before, after, chance=0.1)
    assert answers.seeds == (1, 2)
    np.testing.assert_array_equal(answers.baseline, [[0, 1], [1, 1]])
    np.testing.assert_array_equal(answers.variation, [[0.1, 0.1], [0, 0]])


def test_no_answers(make_arm):
    """Without predictions there is nothing to pair."""
    assert pair_answers(make_arm("baseline", {0: 0.5}), make_arm("wide", {0: 0.6}), chance=0.1) is None
