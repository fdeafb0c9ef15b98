import pytest

from ceteris.engines.initial import initial_weights
from ceteris.networks.network import Network
from ceteris.networks.shape import Shape
from ceteris.report.comparison.arms import ORDER, WEIGHTS, match_arms, shared_draws
from tests.report.comparison.made import made_manifest, made_study

NETWORK = {"layers": [{"conv": 4}, {"max_pool": 8}, {"dense": "classes"}]}
WIDER = {"layers": [{"conv": 5}, {"max_pool": 8}, {"dense": "classes"}]}
NORMALISED = {"layers": [{"batch_norm": True}, {"conv": 4}, {"max_pool": 8}, {"dropout": 0.5}, {"dense": "classes"}]}


def study(*variations, network=NETWORK, **data):
    """Give a study with these variations, each a name and a learning rate."""
    return made_study(
        data={"name": "shapes", "batches": 1} | data,
        baseline={"network": network, "training": {"learning_rate": 0.1}},
        variation=[
            {"factor": "rate", "name": name, "set": {"training.learning_rate": rate}} for name, rate in variations
        ],
    )


def names(first, second):
    """Match two studies; give the names of pairs, of those only in the first, and of those only in the second."""
    found = match_arms(first, second)
    return [pair.name for pair in found.pairs], found.only_first, found.only_second


def test_arms_are_matched_by_name():
    """In the order of the first study; what only one of them has is named."""
    first, second = study(("a", 0.2), ("b", 0.3), ("c", 0.4)), study(("c", 0.4), ("a", 0.2), ("d", 0.5))
    assert names(first, second) == (["baseline", "a", "c"], ("b",), ("d",))


def test_a_renamed_arm_is_known_by_its_specification():
    """Both names are given; an arm of another name and another specification is another arm."""
    assert names(study(("a", 0.2), ("b", 0.3)), study(("fast", 0.2), ("c", 0.9))) == (
        ["baseline", "a / fast"],
        ("b",),
        ("c",),
    )


def test_an_arm_that_has_its_namesake_takes_no_other():
    """Where the other study has the name and, under another name, the specification."""
    assert names(study(("a", 0.2)), study(("a", 0.3), ("b", 0.2))) == (["baseline", "a"], (), ("b",))


def test_a_name_counts_for_more_than_a_specification():
    """Two variations that swapped their names are matched by name, and the change is computed."""
    found = match_arms(study(("a", 0.2), ("b", 0.3)), study(("a", 0.3), ("b", 0.2)))
    assert [pair.name for pair in found.pairs] == ["baseline", "a", "b"]
    assert [str(change) for pair in found.pairs for change in pair.changes] == [
        "learning rate 0.2 -> 0.3",
        "learning rate 0.3 -> 0.2",
    ]


@pytest.mark.parametrize(
    ("changed", "images", "shared"),
    [
        ({}, "these", (WEIGHTS, ORDER)),
        ({"network": NORMALISED}, "these", (WEIGHTS, ORDER)),
        ({"network": WIDER}, "these", (ORDER,)),
        ({}, "others", (WEIGHTS,)),
        ({"validation": 0.2}, "these", (WEIGHTS,)),
        ({"fraction": 0.5}, "these", (WEIGHTS,)),
        ({"network": WIDER}, "others", ()),
    ],
)
def test_what_a_seed_gives_both(changed, images, shared):
    """The same weights where the same arrays are drawn, the same order where the same images are learnt from."""
    first, second = study(), study(**changed)
    (pair,) = match_arms(first, second).pairs
    assert shared_draws(pair, made_manifest(first), made_manifest(second, images)) == shared


@pytest.mark.parametrize(
    ("changed", "shared"),
    [
        ({"resolution": 64}, (WEIGHTS, ORDER)),
        ({"weights": "mine.pth"}, (ORDER,)),
        ({"head": [{"dense": 5}, {"dense": "classes"}]}, (ORDER,)),
    ],
)
def test_a_backbone_starts_from_its_weights(changed, shared):
    """Of a pretrained backbone the seed draws the head; the rest is the same if it was loaded from the same weights."""
    first, second = study(network={"backbone": "resnet18"}), study(network={"backbone": "resnet18"} | changed)
    (pair,) = match_arms(first, second).pairs
    assert shared_draws(pair, made_manifest(first), made_manifest(second)) == shared


def test_networks_that_draw_the_same_start_the_same():
    """What `shared_draws` takes for the same initial weights is the same, array by array."""
    before, after = (
        initial_weights(Network(**network), Shape(32, 32, 3), 10, seed=3) for network in (NETWORK, NORMALISED)
    )
    assert (before["layers.0.weight"] == after["layers.1.weight"]).all()
    assert (before["layers.2.weight"] == after["layers.4.weight"]).all()
