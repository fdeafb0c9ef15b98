from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from ceteris.engines.streams import order, shifts
from ceteris.engines.torch.batches import (
    device_images,
    epoch_plan,
    has_float64,
    minibatch,
    optimizer_of,
    pixel_table,
    scaled,
)
from ceteris.networks.shape import Shape
from ceteris.training.training import Training

CPU = torch.device("cpu")
IMAGE = Shape(9, 9, 3)


def test_images_on_the_processor_are_not_copied(split):
    """A packed batch needs no second copy of the images, even of arrays that are read-only."""
    images = device_images(split.training, CPU)

    assert images.pixels.data_ptr() == split.training.images.ctypes.data
    assert images.labels.tolist() == split.training.labels.tolist()


def test_minibatches_follow_the_order_to_the_last_image(split):
    """Each minibatch holds the next images of the order, and the last one what is left."""
    images = device_images(split.training, CPU)
    plan = epoch_plan(3, 5, np.arange(75, dtype=np.int32), Training(), image=IMAGE, device=CPU)
    batches = [minibatch(images, plan, start, 32) for start in range(0, 75, 32)]
    expected = order(3, 5, 75)

    assert [len(batch.labels) for batch in batches] == [32, 32, 11]
    assert np.array_equal(np.concatenate([batch.pixels for batch in batches]), split.training.images[expected])
    assert np.array_equal(np.concatenate([batch.labels for batch in batches]), split.training.labels[expected])
    assert torch.cat([batch.place.positions for batch in batches]).tolist() == list(range(75))
    assert {batch.place.epoch for batch in batches} == {5}


@pytest.mark.parametrize(("flip", "crop"), [(True, 0), (False, 2), (True, 4), (True, 12)])
def test_images_are_mirrored_and_moved_as_defined(split, flip, crop):
    """Pixel (y, x) is pixel (y + down, x + right) of the mirrored image, black outside, for each place in the order."""
    plan = epoch_plan(3, 1, np.arange(75, dtype=np.int32), Training(flip=flip, crop=crop), image=IMAGE, device=CPU)
    batch = minibatch(device_images(split.training, CPU), plan, 16, 20)
    rows = shifts(3, 1, 75, flip=flip, crop=crop)[16:36]

    for found, image, (mirrored, down, right) in zip(
        batch.pixels, split.training.images[order(3, 1, 75)[16:36]], rows, strict=True
    ):
        surrounded = np.pad(image[:, ::-1] if mirrored else image, ((12, 12), (12, 12), (0, 0)))
        assert np.array_equal(found, surrounded[12 + down : 21 + down, 12 + right : 21 + right])


def test_pixels_are_rounded_once(split):
    """A pixel's value is the float32 nearest to the exact grey level * scale + offset."""
    table = pixel_table(split.scale, split.offset)

    assert table.dtype == np.float32
    for channel, (scale, offset) in enumerate(zip(split.scale, split.offset, strict=True)):
        for level in range(256):
            exact = level * Fraction(float(scale)) + Fraction(float(offset))
            value = table[channel, level]
            neighbours = (np.nextafter(value, np.float32(-9)), np.nextafter(value, np.float32(9)))
            error = abs(Fraction(float(value)) - exact)
            assert all(error <= abs(Fraction(float(neighbour)) - exact) for neighbour in neighbours)


def test_scaling_uses_the_table_of_each_channel(split):
    """Channels come before rows, and each pixel becomes what its channel's table says."""
    table = pixel_table(split.scale, split.offset)
    pixels = split.training.images[:4]

    found = scaled(torch.tensor(pixels), torch.tensor(table))

    assert found.shape == (4, 3, 9, 9)
    for channel in range(3):
        assert np.array_equal(found[:, channel], table[channel][pixels[..., channel]])


def made(training, layer):
    """Give the optimizer of a layer."""
    return optimizer_of(training, [(list(layer.parameters()), training.learning_rate)])


@pytest.mark.parametrize(
    ("training", "reference"),
    [
        (Training(learning_rate=0.02), lambda p: torch.optim.Adam(p, lr=0.02)),
        (
            Training(learning_rate=0.02, beta1=0.8, beta2=0.95, epsilon=1e-3, weight_decay=0.1),
            lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
        ),
        (Training(optimizer="adamw", learning_rate=0.02), lambda p: torch.optim.AdamW(p, lr=0.02)),
        (
            Training(optimizer="adamw", learning_rate=0.02, beta1=0.8, weight_decay=0.1),
            lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.8, 0.999), weight_decay=0.1),
        ),
        (Training(optimizer="sgd", learning_rate=0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
        (
            Training(optimizer="sgd", learning_rate=0.1, momentum=0.9, nesterov=True),
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        ),
        (Training(optimizer="rmsprop", learning_rate=0.1), lambda p: torch.optim.RMSprop(p, lr=0.1)),
        (
            Training(optimizer="rmsprop", learning_rate=0.1, alpha=0.9, momentum=0.5, epsilon=0.1, weight_decay=0.01),
            lambda p: torch.optim.RMSprop(p, lr=0.1, alpha=0.9, momentum=0.5, eps=0.1, weight_decay=0.01),
        ),
        (Training(optimizer="adagrad", learning_rate=0.1), lambda p: torch.optim.Adagrad(p, lr=0.1)),
        (
            Training(optimizer="adagrad", learning_rate=0.1, initial_accumulator=0.1, epsilon=0.1, weight_decay=0.01),
            lambda p: torch.optim.Adagrad(p, lr=0.1, initial_accumulator_value=0.1, eps=0.1, weight_decay=0.01),
        ),
        (
            Training(optimizer="sgd", learning_rate=0.1, momentum=0.9, weight_decay=0.01),
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
        ),
    ],
)
def test_steps_are_those_of_pytorch(training, reference):
    """With moments made beforehand, steps are those of a fresh optimiser with the same settings."""
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(4, 5, dtype=torch.float64, generator=generator)
    layers = [nn.Linear(5, 4, bias=False, dtype=torch.float64) for _ in range(2)]
    for layer in layers:
        layer.weight.data.copy_(start)
    optimizers = [made(training, layers[0]), reference(layers[1].parameters())]

    for _ in range(5):
        gradient = torch.randn(4, 5, dtype=torch.float64, generator=generator)
        for layer, optimizer in zip(layers, optimizers, strict=True):
            layer.weight.grad = gradient.clone()
            optimizer.step()

    assert not torch.equal(layers[0].weight, start)
    torch.testing.assert_close(layers[0].weight, layers[1].weight, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        (Training(), {"step", "exp_avg", "exp_avg_sq"}),
        (Training(optimizer="sgd"), set()),
        (Training(optimizer="sgd", momentum=0.5), {"momentum_buffer"}),
        (Training(optimizer="rmsprop"), {"step", "square_avg"}),
        (Training(optimizer="rmsprop", momentum=0.5), {"step", "square_avg", "momentum_buffer"}),
        (Training(optimizer="adagrad"), {"step", "sum"}),
    ],
)
def test_moments_are_there_before_the_first_step(training, expected):
    """A state has the same arrays at every position, so that what is missing from one is known."""
    layer = nn.Linear(5, 4)
    optimizer = made(training, layer)
    before = set(optimizer.state[layer.weight])
    layer(torch.ones(1, 5)).sum().backward()
    optimizer.step()

    assert before == expected
    assert {name for name, value in optimizer.state[layer.weight].items() if value is not None} == expected


def test_apples_graphics_processors_have_no_float64():
    """All others have; sums of losses are on the processor then."""
    assert [has_float64(torch.device(name)) for name in ("cpu", "cuda", "mps")] == [True, True, False]
