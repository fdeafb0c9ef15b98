import hashlib
import math

import numpy as np
import pytest
from scipy.special import ndtri

from ceteris.engines.streams import initial_draws, initial_weights
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.initialisation import Initialisation, normal, orthonormal
from ceteris.networks.network import Network
from ceteris.networks.shape import Shape

IMAGE = Shape(9, 9, 4)
LAYERS = [{"conv": 64, "groups": 2}, {"batch_norm": True}, {"residual": [{"conv": 64, "kernel": 1}]}, {"dense": 300}]


def weights(initialisation, seed=0, layers=LAYERS):
    """Draw the initial weights of a network."""
    return initial_weights(Network(layers=layers, initialisation=initialisation), IMAGE, 10, seed)


def test_normal_deviates_are_those_of_the_inverse_distribution():
    """To the last bits, from the smallest word to the largest, and symmetric."""
    words = np.concatenate([np.arange(0, 2**32, 999_983), np.arange(2000), 2**32 - 1 - np.arange(2000)])
    found = normal(words.astype(np.uint32))

    np.testing.assert_allclose(found, ndtri((words + 0.5) / 2**32), rtol=4e-15)
    np.testing.assert_array_equal(normal((2**32 - 1 - words).astype(np.uint32)), -found)


@pytest.mark.parametrize("shape", [(5, 37), (40, 40), (1, 3)])
def test_orthonormal_vectors_are_those_of_a_decomposition(shape):
    """Q of LAPACK's QR, with the signs that make the diagonal of R positive."""
    vectors = np.random.default_rng(2).normal(0, 1, shape)
    q, r = np.linalg.qr(vectors.T)

    # The condition of a square matrix of this size is below 1e4.
    np.testing.assert_allclose(orthonormal(vectors), (q * np.sign(np.diag(r))).T, rtol=0, atol=1e-11)


def test_distributions_are_those_of_pytorch():
    """Bounds and standard deviations of `torch.nn.init`, which counts inputs and outputs of a neuron."""
    torch = pytest.importorskip("torch")
    own, generator = {one: weights(one) for one in Initialisation}, torch.Generator().manual_seed(0)
    for name in ("layers.0.weight", "layers.3.weight"):
        tensor = torch.empty(own["he"][name].shape)
        count = tensor.numel()
        theirs = torch.nn.init.kaiming_normal_(tensor.clone(), nonlinearity="relu", generator=generator)
        # A standard deviation of n normal deviates is off by a share of 1 / sqrt(2 n); both are.
        assert abs(own["he"][name].std() / float(theirs.std()) - 1) < 5 / math.sqrt(count)
        theirs = torch.nn.init.xavier_uniform_(tensor.clone(), generator=generator)
        assert abs(abs(own["glorot"][name]).max() / float(theirs.abs().max()) - 1) < 20 / count
        rows = own["orthogonal"][name].reshape(len(tensor), -1).astype(np.float64)
        product = rows @ rows.T if len(rows) < rows.shape[1] else rows.T @ rows
        np.testing.assert_allclose(product, np.eye(len(product)), rtol=0, atol=1e-6)


@pytest.mark.parametrize("initialisation", ["he", "glorot", "orthogonal"])
def test_biases_begin_at_zero_and_normalisation_as_ever(initialisation):
    """Weights of convolutions and dense layers alone are drawn, those in blocks too."""
    network = Network(layers=LAYERS, initialisation=initialisation)
    found = weights(initialisation)
    drawn = ["layers.0.weight", "layers.2.residual.0.weight", "layers.3.weight"]

    assert [name for name, array in found.items() if np.ptp(array) > 0] == drawn
    assert {float(array[0]) for name, array in found.items() if name.endswith("bias")} == {0.0}
    assert [name for name, _ in initial_draws(network, IMAGE, 10)] == [
        f"{initialisation} {stream}.weight" for stream in ("conv-0", "conv-1", "dense-0")
    ]


def test_he_and_glorot_have_the_words_of_the_default():
    """So that an arm and another start alike but for the distribution."""
    usual = weights("default")["layers.3.weight"].reshape(-1)
    for initialisation, correlation in (("he", 0.977), ("glorot", 1.0)):
        found = weights(initialisation)["layers.3.weight"].reshape(-1)
        # sqrt(3 / pi) is the correlation of a normal deviate with its rank.
        assert np.corrcoef(usual, found)[0, 1] == pytest.approx(correlation, abs=1e-3)


def test_a_head_on_a_backbone_is_drawn_alike():
    """Its dense layers have what they would have behind layers."""
    head = BackboneNetwork(backbone="resnet18", head=[{"dense": 5}], initialisation="he")
    drawn = initial_weights(head, IMAGE, 10, 3)
    layers = Network(layers=[{"dense": 5}], initialisation="he")

    np.testing.assert_array_equal(
        drawn["head.0.weight"], initial_weights(layers, Shape(1, 1, 512), 10, 3)["layers.0.weight"]
    )


def test_the_default_is_not_written():
    """So that the digests of runs stay."""
    assert "initialisation" not in Network(layers=LAYERS).model_dump()
    assert Network(layers=LAYERS, initialisation="he").model_dump()["initialisation"] == "he"


@pytest.mark.parametrize("initialisation", Initialisation)
def test_bits_are_those_that_were_written_down(initialisation):
    """On every processor, with every version of NumPy."""
    digest = hashlib.sha256()
    for name, array in sorted(weights(initialisation, seed=7, layers=LAYERS[:3]).items()):
        digest.update(name.encode() + array.astype("<f4").tobytes())

    assert digest.hexdigest()[:16] == BITS[initialisation]


BITS = {
    "default": "0ede9093d340594c",
    "he": "19ccb6be35ce9d66",
    "glorot": "350d52bc88a69e9a",
    "orthogonal": "e7f37adf70b7b4a4",
}
