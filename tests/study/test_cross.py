"""Crossed factors: which arms they make, and which they share with the rest of the study."""

import pytest

from ceteris.networks.backbone import BackboneNetwork
from ceteris.study.cross import Cross, CrossedFactor, cells
from ceteris.study.study import Study, pinned
from ceteris.study.variation import Level, Variation

SGD = Level(name="SGD", set={"training.optimizer": "sgd"})
NORM = Level(name="batch norm", insert={"after": "network.layers.0", "layer": {"batch_norm": True}})
OPTIMIZER = CrossedFactor(name="optimizer", baseline="Adam", levels=SGD)
RATES = CrossedFactor(
    name="rate", levels=[Level(name=name, set={"training.learning_rate": float(name)}) for name in ("0.02", "0.03")]
)


@pytest.fixture
def study(baseline):
    """Give a study of some crosses."""

    def make(*crosses, **fields):
        facts = {"title": "Crossed", "seeds": 2, "data": {"name": "shapes"}, "baseline": baseline, "crosses": crosses}
        return Study(**(facts | fields))

    return make


def test_every_combination_is_an_arm(study):
    """The baseline's is the baseline; the others are named after the levels that are not its own."""
    arms = study(Cross(name="optimizer x rate", factors=[OPTIMIZER, RATES])).arms()

    assert [(arm.factor, arm.name) for arm in arms] == [
        ("baseline", "baseline"),
        *(("optimizer x rate", name) for name in ("0.02", "0.03", "SGD", "SGD, 0.02", "SGD, 0.03")),
    ]
    training = arms[-1].specification.training
    assert (training.optimizer, training.learning_rate) == ("sgd", 0.03)


def test_changes_of_layers_mean_the_baseline_whatever_is_combined(study):
    """A layer inserted by one factor moves no path of another."""
    wide = CrossedFactor(name="width", levels=Level(name="wide", set={"network.layers.1.conv": 20}))
    arms = study(Cross(name="c", factors=[CrossedFactor(name="norm", levels=NORM), wide])).arms()
    layers = {arm.name: [str(layer).split(",")[0] for layer in arm.specification.network.layers[:3]] for arm in arms}

    assert layers["batch norm, wide"] == ["conv 7", "batch norm", "conv 20"]


def test_a_combination_that_is_a_variation_is_trained_once(study):
    """Under the variation's name; so is one that two crosses share."""
    plain = Variation(factor="optimizer", name="plain SGD", set={"training.optimizer": "sgd"})
    norm = CrossedFactor(name="norm", levels=NORM)
    crosses = [Cross(name=one.name, factors=[OPTIMIZER, one]) for one in (RATES, norm)]
    made = study(*crosses, variations=[plain])
    arms = made.arms()

    assert [arm.name for arm in arms] == [
        *("baseline", "plain SGD", "0.02", "0.03", "SGD, 0.02", "SGD, 0.03", "batch norm", "SGD, batch norm")
    ]
    assert {levels: arm.name for levels, arm in cells(made.crosses[1], arms).items()} == {
        (0, 0): "baseline",
        (0, 1): "batch norm",
        (1, 0): "plain SGD",
        (1, 1): "SGD, batch norm",
    }


def test_crosses_rename_no_run(study):
    """The runs of a study are what they were; a study without crosses is written as it was before there were any."""
    with_cross, without = study(Cross(name="c", factors=[OPTIMIZER, RATES])), study()
    digests = [run.digest for run in with_cross.runs("0" * 64)]

    assert digests[:2] == [run.digest for run in without.runs("0" * 64)]
    assert len(set(digests)) == 12
    assert "cross" not in without.model_dump(mode="json", by_alias=True)
    assert Study(**with_cross.model_dump(mode="json", by_alias=True)) == with_cross


def test_weights_of_a_level_are_pinned(study):
    """As those of a variation: the digest of its file stands in every arm that has it."""
    head = Level(name="head", network={"backbone": "resnet18"})
    made = pinned(study(Cross(name="c", factors=[CrossedFactor(name="n", levels=head), RATES])), lambda _: "ab" * 32)
    networks = [arm.specification.network for arm in made.arms()]

    assert [one.weights_sha256 for one in networks if isinstance(one, BackboneNetwork)] == ["ab" * 32] * 3
