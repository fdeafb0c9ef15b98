import numpy as np
import pytest

from ceteris.engines.visits import visited_places, visiting_order
from ceteris.networks.dense import Dense
from ceteris.networks.network import Network
from ceteris.study.run import Run
from ceteris.study.specification import DataChoice, Specification, share
from ceteris.study.training import Training

LABELS = np.tile(np.arange(10, dtype=np.uint8), 45)


def run(fraction, seed=1, learning_rate=0.1):
    """One run on a share of the images."""
    specification = Specification(
        data=DataChoice(name="shapes", fraction=fraction),
        network=Network(layers=[Dense(dense="classes")]),
        training=Training(learning_rate=learning_rate),
    )
    return Run(factor="f", variation="v", seed=seed, specification=specification, data_digest="0" * 64)


def places(fraction, **changed):
    """The images of a run, as a set."""
    return set(visited_places(run(fraction, **changed), LABELS, classes=10).tolist())


@pytest.mark.parametrize("fraction", [0.1, 0.3, 1.0])
def test_takes_its_share_of_each_class(fraction):
    """As many images as `share` says, and of every class alike, give or take one."""
    chosen = visited_places(run(fraction), LABELS, classes=10)
    counts = np.bincount(LABELS[chosen], minlength=10)

    assert len(chosen) == share(len(LABELS), fraction)
    assert np.ptp(counts) <= 1


def test_every_arm_of_a_seed_sees_the_same_images():
    """Only the seed and the fraction decide, and another seed sees others."""
    assert places(0.2) == places(0.2, learning_rate=0.5)
    assert places(0.2) != places(0.2, seed=2)


def test_a_larger_share_has_all_of_a_smaller_one():
    """More data means more, not others."""
    assert places(0.1) < places(0.3) < places(1.0)


def test_an_epoch_visits_each_image_once():
    """The order is one of the run's own images."""
    chosen = visited_places(run(0.2), LABELS, classes=10)
    first, second = visiting_order(1, 0, chosen), visiting_order(1, 1, chosen)

    assert sorted(first.tolist()) == sorted(second.tolist()) == chosen.tolist()
    assert first.tolist() != second.tolist()
