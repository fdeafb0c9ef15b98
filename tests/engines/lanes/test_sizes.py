"""Networks for images of any size and any number of classes."""

import numpy as np
import pytest

from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.engines.torch.engine import TorchEngine


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


def trained(engine, run, split):
    """Train two epochs and give the probabilities of the test images."""
    training = engine.start([run], split)
    while training.position.epoch < 2:
        training.advance()
    (outcome,) = training.outcomes()
    return outcome.probabilities
