import math
from functools import partial

import numpy as np
import pytest
import torch

from ceteris.engines.initial import initial_weights
from ceteris.engines.torch.batches import device_images, pixel_table, scaled
from ceteris.engines.torch.network import LayeredNetwork
from ceteris.engines.torch.scoring import score
from ceteris.engines.torch.state import fill, weight_tensors
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.networks.shape import Shape
from rounding import DOUBLE, SINGLE, rounding

# Sums of 9 x 9 x 3 products in float64, whose magnitudes add up to no more than a thousand.
TOLERANCE = rounding(9 * 9 * 3, 1000, unit=DOUBLE)
NETWORK = Network(layers=(BatchNorm(batch_norm=True), Dropout(dropout=0.5), Dense(dense="classes")))


@pytest.fixture
def network():
    """A network in float64 with batch normalisation and dropout, which score differently from how they train."""
    network = LayeredNetwork(NETWORK, Shape(9, 9, 3), 3, seed=3)
    fill(weight_tensors(network), initial_weights(NETWORK, Shape(9, 9, 3), 3, seed=3))
    return network.double()


def test_scores_are_mean_loss_accuracy_and_probabilities(network, split):
    """All images are scored with running statistics and without dropout, and the network is left ready to train."""
    table = torch.tensor(pixel_table(split.scale, split.offset)).double()
    before = {name: tensor.clone() for name, tensor in weight_tensors(network).items()}

    found = score(network, device_images(split.test, torch.device("cpu")), partial(scaled, table=table), at_once=21)

    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in weight_tensors(network).items())
    network.eval()
    probabilities = network(scaled(torch.tensor(split.test.images), table)).softmax(1).detach().numpy()
    assert found.probabilities.dtype == np.float32
    np.testing.assert_allclose(found.probabilities, probabilities, rtol=SINGLE, atol=TOLERANCE)  # rounded once
    assert found.loss == pytest.approx(
        -np.log(probabilities[np.arange(21), split.test.labels]).mean(), rel=TOLERANCE, abs=TOLERANCE
    )
    assert found.accuracy == np.mean(probabilities.argmax(1) == split.test.labels)


def test_scoring_in_parts_changes_nothing(network, split):
    """Few images at a time, the last part smaller, give the scores of all at once."""
    table = torch.tensor(pixel_table(split.scale, split.offset)).double()
    images = device_images(split.test, torch.device("cpu"))
    together = score(network, images, partial(scaled, table=table), at_once=21)
    sizes = []
    network.register_forward_pre_hook(lambda _, arguments: sizes.append(len(arguments[0])))

    parts = score(network, images, partial(scaled, table=table), at_once=5)

    assert sizes == [5, 5, 5, 5, 1]
    # Two numbers that are nearly equal in float64 may be rounded to neighbours in float32.
    np.testing.assert_allclose(parts.probabilities, together.probabilities, rtol=2 * SINGLE, atol=TOLERANCE)
    assert parts.loss == pytest.approx(together.loss, rel=TOLERANCE, abs=TOLERANCE)
    assert parts.accuracy == together.accuracy


def test_a_network_that_diverged_scores_not_a_number(network, split):
    """A loss that is not finite makes loss and accuracy not-a-number, not an error."""
    weight_tensors(network)["layers.2.weight"].fill_(math.nan)
    table = torch.tensor(pixel_table(split.scale, split.offset)).double()

    found = score(network, device_images(split.test, torch.device("cpu")), partial(scaled, table=table), at_once=21)

    assert math.isnan(found.loss)
    assert math.isnan(found.accuracy)
    assert np.isnan(found.probabilities).all()
