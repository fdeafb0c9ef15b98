"""Networks for images of any size and any number of classes."""

from dataclasses import replace

import numpy as np
import pytest

from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.engines.torch.engine import TorchEngine
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.network import Network
from ceteris.networks.pooling import GlobalAveragePool
from tests.engines.lanes.single_steps import check_every_step


@pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")
@pytest.mark.parametrize(("side", "classes"), [(8, 2), (9, 3), (33, 7), (64, 23), (101, 5), (224, 3), (16, 300)])
def test_any_size_and_number_of_classes_trains_as_in_pytorch(make, side, classes):
    """After two epochs in float32 the test images get nearly the probabilities of PyTorch in float64."""
    maker = type(make)(classes=classes)
    split, run = (
        maker.split(training=24 if side < 100 else 8, side=side),
        maker.run(5, dropout=0.0, learning_rate=0.001),
    )

    engines = LanesEngine(instruction_set=usable_instruction_sets()[0]), TorchEngine(precision="float64")
    lanes, torch = (trained(engine, run, split) for engine in engines)

    assert lanes.shape == (23, classes)
    np.testing.assert_allclose(lanes, torch, atol=2e-3)


@pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")
@pytest.mark.parametrize("padding", ["none", "same", 2])
@pytest.mark.parametrize("side", range(5, 15))
def test_many_channels_learn_at_any_side_as_in_pytorch(make, side, padding):
    """Squares of two or four pixels cover an image whatever is left over at its border, each step as in float64."""
    layers = (
        Convolution(conv=16, kernel=2, activation="relu"),
        Convolution(conv=17, padding=padding, activation="relu"),
        Convolution(conv=16, padding="same"),
        GlobalAveragePool(global_average_pool=True),
        Dense(dense="classes"),
    )
    run = make.run(side, optimizer="sgd", learning_rate=1.0, batch_size=5, epochs=1)
    specification = run.specification.model_copy(update={"network": Network(layers=layers)})
    engine = LanesEngine(instruction_set=usable_instruction_sets()[0])

    assert check_every_step(engine, replace(run, specification=specification), make.split(training=10, side=side)) == 2


def trained(engine, run, split):
    """Train two epochs and give the probabilities of the test images."""
    training = engine.start([run], split)
    while training.position.epoch < 2:
        training.advance()
    (outcome,) = training.outcomes()
    return outcome.probabilities
