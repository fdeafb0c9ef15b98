"""Networks that an engine trained, with what the engine itself says of the test images."""

import numpy as np
import pytest

from ceteris.datasets.dataset import split_dataset
from ceteris.execution.engines import choose_engines
from ceteris.inference.ensemble import Ensemble
from ceteris.networks.shape import Shape
from tests.inference.trained import CLASSES, LAYERS, trained_dataset, trained_study

NETWORKS = {
    "every layer": LAYERS,
    "flat at once": (
        {"batch_norm": True},
        {"dense": 12, "activation": "relu"},
        {"batch_norm": True},
        {"dropout": 0.2},
        {"dense": 8},
        {"dense": "classes"},
    ),
    "residual blocks": (
        {"conv": 4, "kernel": 3, "activation": "relu"},
        {"residual": [{"conv": 4, "padding": "same", "activation": "relu"}, {"batch_norm": True}]},
        {"max_pool": 3},
        {"residual": [{"residual": [{"conv": 4, "kernel": 1}]}, {"dropout": 0.1}]},
        {"residual": [{"conv": 6, "padding": "same", "stride": 2, "groups": 2}], "shortcut": "padded"},
        {"residual": [{"conv": 5, "padding": 1, "bias": False}], "shortcut": "projection", "activation": "relu"},
        {"dense": 8},
        {"residual": [{"dense": 8, "activation": "tanh"}]},
        {"residual": [{"dense": 9}], "shortcut": "padded"},
        {"dense": "classes"},
    ),
    "other layers": (
        {"conv": 6, "kernel": 5, "stride": 2, "padding": 2, "activation": "leaky_relu", "slope": 0.2},
        {"group_norm": 2},
        {"activation": "gelu"},
        {"max_pool": 3, "stride": 2},
        {"conv": 6, "groups": 6, "bias": False, "padding": "same", "activation": "silu"},
        {"layer_norm": True},
        {"conv": 8, "kernel": 1, "activation": "hard_swish"},
        {"average_pool": 2, "stride": 1},
        {"activation": "elu"},
        {"global_average_pool": True},
        {"activation": "softplus"},
        {"dense": 7, "activation": "sigmoid"},
        {"layer_norm": True},
        {"dense": "classes"},
    ),
    "no convolution": ({"max_pool": 3}, {"dense": "classes"}),
}
"""Every layer in every place where it makes a difference to what is exported."""

FLIPPED = {"flat at once"}
"""Networks whose answers are averaged over an image and its mirror image."""


@pytest.fixture(scope="session", params=NETWORKS)
def trained_network(request):
    """Give a network, the test images, and the float32 probabilities that its engine scored them with."""
    dataset = trained_dataset()
    flip = request.param in FLIPPED
    training = trained_study().baseline.training.model_copy(update={"test_time_flip": flip})
    baseline = {"network": {"layers": NETWORKS[request.param]}, "training": training}
    study = trained_study(baseline=baseline, variation=[], seeds=1)
    (run,) = study.runs(dataset.digest)
    engine = next(one for one in choose_engines().engines if one.unsupported(run.specification) is None)
    split = split_dataset(dataset, study.data)
    training = engine.start([run], split)
    while training.position.epoch < run.specification.training.epochs:
        training.advance()
    (outcome,) = training.outcomes()
    ensemble = Ensemble(
        arm=run.variation,
        seeds=(run.seed,),
        network=run.specification.network,
        weights=({name: np.array(array) for name, array in outcome.weights.items()},),
        image=Shape(32, 32, 3),
        scale=tuple(split.scale.tolist()),
        offset=tuple(split.offset.tolist()),
        flip=flip,
        class_names=CLASSES,
    )
    return ensemble, dataset.test.images, np.array(outcome.probabilities)
