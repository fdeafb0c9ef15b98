"""What each of many runs sees is what it sees alone."""

import numpy as np
import pytest
import torch

from ceteris.engines.streams import order, words
from ceteris.engines.torch.batches import device_images, epoch_plan, minibatch
from ceteris.engines.torch.mixing import mixture
from ceteris.engines.torch.network import BatchPosition, CountedDropout
from ceteris.engines.torch.stacked.batches import orders, stacked_minibatch, stacked_mixture, stacked_plan
from ceteris.engines.torch.stacked.dropout import StackedDropout
from ceteris.networks.shape import Shape

CPU = torch.device("cpu")
IMAGE = Shape(9, 9, 3)
PLACES = [np.arange(75, dtype=np.int32), np.arange(74, -1, -1, dtype=np.int32)]


def test_orders_are_those_of_the_streams():
    """Sorting on the device gives the permutations that every engine uses."""
    found = orders([3, 4], 2, 75, CPU)

    assert np.array_equal(found.numpy(), [order(seed, 2, 75) for seed in (3, 4)])


@pytest.mark.parametrize("settings", [{}, {"flip": True, "crop": 2, "rotation": 20.0, "cutout": 3, "contrast": 0.3}])
def test_minibatches_are_those_of_each_run(split, make_run, settings):
    """Its own images in its own views, beside a run that changes none, and fewer of them at the end of an epoch."""
    runs, images = [make_run(seed=1, **settings), make_run(seed=2)], device_images(split.training, CPU)
    plan = stacked_plan(runs, 1, PLACES, IMAGE, CPU)
    for start in (16, 64):
        found = stacked_minibatch(images, plan, start, 16)
        for index, (run, places) in enumerate(zip(runs, PLACES, strict=True)):
            own = epoch_plan(run.seed, 1, places, run.specification.training, image=IMAGE, device=CPU)
            expected = minibatch(images, own, start, 16)
            assert torch.equal(found.pixels[:, index], expected.pixels)
            assert torch.equal(found.labels[:, index], expected.labels)
            assert torch.equal(found.place.positions, expected.place.positions)


@pytest.mark.parametrize("settings", [{"mixup": 0.5}, {"cutmix": 1.0}])
def test_mixtures_are_those_of_each_run(split, make_run, settings):
    """Pixels, inputs and labels are mixed as each run mixes them alone."""
    runs, images = [make_run(seed=seed, **settings) for seed in (1, 2)], device_images(split.training, CPU)
    batch = stacked_minibatch(images, stacked_plan(runs, 0, PLACES, IMAGE, CPU), 0, 16)
    inputs = batch.pixels.permute(0, 1, 4, 2, 3).double()
    found = stacked_mixture(runs, 0, 0, 16, IMAGE, inputs)
    for index, run in enumerate(runs):
        expected = mixture(run.seed, 0, 0, 16, run.specification.training, IMAGE)
        pixels, labels = batch.pixels[:, index], batch.labels[:, index]
        assert torch.equal(found.pasted(batch.pixels)[:, index], expected.pasted(pixels))
        assert torch.equal(found.blended(inputs)[:, index], expected.blended(inputs[:, index]))
        assert torch.equal(found.larger(batch.labels)[:, index], expected.larger(labels))
        assert torch.equal(found.partner_labels(batch.labels)[:, index], labels[torch.from_numpy(expected.partners)])


@pytest.mark.parametrize("shape", [(5,), (3, 2, 4)])
def test_dropout_is_that_of_each_run(shape):
    """Its own words and its own probability, of features and of images; without a place nothing is dropped."""
    own = [CountedDropout(0.25, seed=1, stream="dropout-0"), CountedDropout(0.5, seed=2, stream="dropout-0")]
    place = BatchPosition(epoch=1, positions=torch.arange(16, 20))
    values = torch.rand((4, 2, *shape), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = StackedDropout(own, CPU)(values, place)

    for index, dropout in enumerate(own):
        assert torch.equal(found[:, index], dropout(values[:, index], place))
    kept = words(1, "dropout-0", 5, epoch=1, position=16) >= 2**30
    if len(shape) == 1:
        assert np.array_equal(found[0, 0].numpy() != 0, kept)
    assert StackedDropout(own, CPU)(values, None) is values
