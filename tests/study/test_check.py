import pytest

from ceteris.datasets.choice import DataChoice, known_images
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.network import Network
from ceteris.networks.pooling import MaxPool
from ceteris.study.check import check_study
from ceteris.study.faults import network_faults
from ceteris.study.specification import Specification
from ceteris.study.variation import Variation
from ceteris.training.training import Training


def faults(*layers, **training):
    """Find what is wrong with layers for 32 x 32 images."""
    specification = Specification(data=DataChoice(), network=Network(layers=layers), training=Training(**training))
    return list(network_faults(specification, known_images(specification.data)))


def check(baseline, *variations, name="shapes"):
    """Check a study with one seed."""
    found = check_study(seeds=(0,), data=DataChoice(name=name), baseline=baseline, variations=variations)
    return [(mistake.place, mistake.sentence) for mistake in found]


@pytest.mark.parametrize(
    "layers",
    [
        [Dense(dense="classes")],
        [Dense(dense=10)],
        [Convolution(conv=1, kernel=32), Dense(dense="classes")],
        [MaxPool(max_pool=32), Dense(dense="classes")],
        [Convolution(conv=1, kernel=33, padding="same"), Dense(dense="classes")],
        [Dense(dense=3, activation="relu"), {"batch_norm": True}, {"dropout": 0.5}, Dense(dense="classes")],
    ],
)
def test_networks_that_fit_have_no_faults(layers):
    """A kernel as large as its image, padding and several dense layers are all right."""
    assert faults(*layers) == []


def test_sizes_are_not_followed_beyond_a_layer_that_does_not_fit():
    """What comes after an impossible layer has no size to judge; the end of the network still has its say."""
    found = faults(MaxPool(max_pool=20), MaxPool(max_pool=20), Convolution(conv=1, kernel=9))

    assert found == [
        (
            (1,),
            "layer 2 (max pool 20) sees an image of 1 x 1 pixels, smaller than its square; give max_pool = 1 or less.",
        ),
        (
            (2,),
            'the last layer is conv 1, kernel 9; add { dense = "classes" } after it, one neuron for each class.',
        ),
    ]


def test_a_fault_of_the_baseline_is_not_repeated_by_its_variations(baseline):
    """What is wrong in the baseline is told once."""
    layers = [*baseline.network.layers[:4], Dense(dense=9)]
    wrong = baseline.model_copy(update={"network": Network(layers=layers)})
    variation = Variation(factor="f", name="v", set={"training.epochs": 9})

    assert check(wrong, variation) == [
        (
            ("baseline", "network", "layers", 4),
            'baseline: the last layer has 9 neurons for 10 classes; say dense = "classes".',
        )
    ]


def test_a_setting_may_lose_its_meaning_with_the_optimiser(baseline):
    """A variation that turns Adam into SGD need not undo the baseline's betas, which SGD does not look at."""
    tuned = baseline.model_copy(update={"training": Training(beta1=0.8)})

    assert check(tuned, Variation(factor="f", name="v", set={"training.optimizer": "sgd"})) == []


def test_networks_are_not_judged_for_images_of_unknown_size(baseline):
    """Of a data set with another name nothing is known, so only its name is refused."""
    variation = Variation(factor="f", name="v", set={"network.layers.0.kernel": 99})

    assert check(baseline, variation, name="imagenet") == [
        (
            ("data", "name"),
            (
                'data.name = "imagenet" must be one of "cifar10", "cifar100", "mnist", "fashion_mnist", "svhn" and '
                '"shapes", or an .npz file or a folder of images; a folder is named by its path, such as "./imagenet".'
            ),
        )
    ]


def test_mistakes_of_a_variation_have_their_place(baseline):
    """Places lead to the key in the file."""
    variation = Variation(factor="f", name="v", set={"training.epoch": 9}, remove=["network.layers.8"])

    assert [place for place, _ in check(baseline, variation)] == [
        ("variation", 0, "set", "training.epoch"),
        ("variation", 0, "remove", 0),
    ]


def test_faults_in_a_residual_block_have_their_place():
    """The layer in it is named by number, and found in the file."""
    block = {"residual": [{"conv": 4, "kernel": 3, "padding": "same"}, {"max_pool": 40}]}

    assert faults(block, {"dense": "classes"}) == [
        (
            (0, "residual", 1),
            (
                "layer 1.2 (max pool 40) sees an image of 32 x 32 pixels, smaller than its square; "
                "give max_pool = 32 or less."
            ),
        ),
    ]
    assert faults({"residual": [{"dense": 5}, {"conv": 3}]}, {"dense": "classes"}) == [
        (
            (0, "residual", 1),
            "layer 1.2 (conv 3, kernel 3) comes after layer 1.1 (dense 5), which leaves no image; move it before.",
        ),
    ]
    dense, block = {"dense": 5}, {"residual": [{"dense": 4}], "shortcut": "projection"}
    assert faults(dense, block, {"dense": "classes"}) == [
        (
            (1,),
            (
                "layer 2 (residual (dense 4), projection shortcut): its shortcut (conv 4, kernel 1, no bias) comes "
                "after layer 1 (dense 5), which leaves no image; use another shortcut."
            ),
        ),
    ]
