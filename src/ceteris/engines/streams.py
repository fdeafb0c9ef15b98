"""Random numbers that are a pure function of (seed, stream, epoch, position), for every engine alike.

Nothing here has state. A number is looked up, not drawn: a run is the same in every packed batch and on every number of
threads, and resuming it needs no generator. The generator is Philox4x32-10 (Salmon et al. 2011,
doi:10.1145/2063384.2063405), whose key is made from the seed and the name of the stream by SHA-256, so that close seeds
share nothing. At the end: which training images a run trains on, and in which order.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import Labels, stratified_places
from ceteris.networks.backbone import AnyNetwork
from ceteris.networks.initialisation import Initialisation
from ceteris.networks.placed import every_layer
from ceteris.networks.shape import Shape
from ceteris.study.run import Run

Words = NDArray[np.uint32]

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (np.uint32(0x9E3779B9), np.uint32(0xBB67AE85))
_ROUNDS = 10


def stream_key(seed: int, stream: str) -> tuple[int, int]:
    """Give the Philox key of one stream, for example `order` or `dropout-0`, of one seed: two 32-bit words."""
    digest = hashlib.sha256(f"ceteris/{stream}/{seed}".encode()).digest()
    return int.from_bytes(digest[0:4], "little"), int.from_bytes(digest[4:8], "little")


def philox(key: tuple[int, int], counters: Words) -> Words:
    """Turn counters, shape (n, 4), into random words of the same shape, each uniform over all 32-bit values.

    Example:
        >>> [hex(word) for word in philox((0, 0), np.zeros((1, 4), np.uint32))[0]]
        ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    c0, c1, c2, c3 = (counters[:, word].astype(np.uint32) for word in range(4))
    k0, k1 = np.array([key[0]], np.uint32), np.array([key[1]], np.uint32)
    for _ in range(_ROUNDS):
        product0, product1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        high0, high1 = (product0 >> np.uint64(32)).astype(np.uint32), (product1 >> np.uint64(32)).astype(np.uint32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, product1.astype(np.uint32), high0 ^ c3 ^ k1, product0.astype(np.uint32)
        k0, k1 = k0 + _WEYL[0], k1 + _WEYL[1]
    return np.stack([c0, c1, c2, c3], axis=1)


def words(seed: int, stream: str, count: int, *, epoch: int = 0, position: int = 0) -> Words:
    """Look up the first `count` words of a stream, after `epoch` epochs and at a position in the next.

    Word i is word i % 4 of block i // 4. Shape (count,), uint32.
    """
    blocks = -(-count // 4)
    counters = np.zeros((blocks, 4), np.uint32)
    counters[:, 0] = np.arange(blocks, dtype=np.uint32)
    counters[:, 1], counters[:, 2] = position, epoch
    return philox(stream_key(seed, stream), counters).reshape(-1)[:count]


def uniform(seed: int, stream: str, count: int) -> NDArray[np.float32]:
    """Look up floats spread evenly over [0, 1), in steps of 2**-24. Shape (count,), float32."""
    return (words(seed, stream, count) >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def order(seed: int, epoch: int, images: int) -> NDArray[np.int32]:
    """Give the order in which the training images are sampled after `epoch` epochs: a permutation. Shape (images,)."""
    keys = words(seed, "order", 2 * images, epoch=epoch).view(np.uint64)
    return np.argsort(keys, kind="stable").astype(np.int32)


def shifts(seed: int, epoch: int, images: int, *, flip: bool, crop: int) -> NDArray[np.int8]:
    """Say how each training image is mirrored and moved in an epoch.

    Returns:
        One row (mirrored, down, right) per place in the epoch's order: pixel (y, x) of the augmented image is pixel
        (y + down, x + right) of the (mirrored) image, black outside. Shape (images, 3).
    """
    drawn = words(seed, "augment", 4 * images, epoch=epoch).reshape(images, 4)
    sides = np.uint64(2 * crop + 1)
    moves = ((drawn[:, 1:3].astype(np.uint64) * sides) >> np.uint64(32)).astype(np.int8) - np.int8(crop)
    mirrored = (drawn[:, :1] >> np.uint32(31)).astype(np.int8) * np.int8(flip)
    return np.ascontiguousarray(np.concatenate([mirrored, moves], axis=1))


def sampled_indices(run: Run, labels: Labels, *, classes: int) -> NDArray[np.int32]:
    """Choose the share of the training images that a run trains on, stratified by class.

    The seed alone decides, so every arm of a seed with the same fraction has the same images; but for the rounding,
    those of a smaller fraction are among those of a larger one.

    Returns:
        Indices of the images, rising; all of them if the fraction is 1. Shape (images of the run,).
    """
    fraction = run.specification.data.fraction
    if fraction == 1:
        return np.arange(len(labels), dtype=np.int32)
    ranks = words(run.seed, "fraction", 2 * len(labels)).view(np.uint64)
    return stratified_places(labels, fraction, ranks, classes=classes).astype(np.int32)


def sampling_order(seed: int, epoch: int, places: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give the sampling order of a run's images after `epoch` epochs: the same indices. Shape (images of the run,)."""
    sampled: NDArray[np.int32] = places[order(seed, epoch, len(places))]
    return sampled


def initial_draws(network: AnyNetwork, image: Shape, classes: int) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Name every array that a seed draws, with its shape: networks with equal draws start from the same weights.

    Example:
        >>> from ceteris.networks.dense import Dense
        >>> from ceteris.networks.pooling import MaxPool
        >>> from ceteris.networks.network import Network
        >>> network = Network(layers=[MaxPool(max_pool=8), Dense(dense="classes")])
        >>> initial_draws(network, Shape(32, 32, 3), 10)
        (('dense-0.weight', (10, 48)), ('dense-0.bias', (10,)))
    """
    how = network.initialisation
    kind = "" if how is Initialisation.DEFAULT else f"{how} "
    return tuple(
        (f"{kind}{placed.stream}.{name}", array.shape)
        for placed in every_layer(network, image, classes)
        if not placed.branches
        for name, array in placed.layer.arrays(placed.before).items()
        if how.draws(array)
    )


def initial_weights(network: AnyNetwork, image: Shape, classes: int, seed: int) -> dict[str, NDArray[np.float32]]:
    """Draw the arrays of a network as its initialisation says.

    Returns:
        Arrays under PyTorch's names and in its shapes, for example `layers.0.weight`, or `head.0.weight`; normalisation
        starts at weight 1, bias 0, running mean 0 and running variance 1.
    """
    weights: dict[str, NDArray[np.float32]] = {}
    for placed in every_layer(network, image, classes):
        if placed.branches:  # it has the arrays of the layers in it, which come by themselves
            continue
        for name, array in placed.layer.arrays(placed.before).items():
            if network.initialisation.draws(array):
                drawn = words(seed, f"init-{placed.stream}.{name}", array.count)
                weights[f"{placed.path}.{name}"] = network.initialisation.drawn(array, drawn)
            else:
                weights[f"{placed.path}.{name}"] = np.full(array.shape, array.value, np.float32)
    return weights
