import numpy as np
import torch

from ceteris.engines.streams import stream_key, words
from ceteris.engines.torch.dropout import CountedDropout, Place, minibatch_words

POSITIONS = torch.tensor([0, 5, 70_000, 2**31])


def test_words_are_those_of_the_stream():
    """The look-up for a minibatch gives what `words` gives image by image."""
    found = minibatch_words(stream_key(9, "dropout-1"), Place(epoch=300, positions=POSITIONS), 19)

    assert found.dtype == torch.int64
    for row, position in zip(found, POSITIONS, strict=True):
        assert row.tolist() == words(9, "dropout-1", 19, epoch=300, position=int(position)).tolist()


def test_the_mask_is_the_one_that_is_defined():
    """Value i, counted [row][channel][column], is zero if word i is below p * 2**32, and scaled otherwise."""
    values = torch.randn(4, 3, 5, 2, generator=torch.Generator().manual_seed(0))
    dropout = CountedDropout(0.3, seed=4, stream="dropout-0")

    found = dropout(values, Place(epoch=2, positions=POSITIONS))

    for image, position, result in zip(values, POSITIONS, found, strict=True):
        drawn = words(4, "dropout-0", 30, epoch=2, position=int(position))
        for index, word in enumerate(drawn):
            row, channel, column = np.unravel_index(index, (5, 3, 2))
            value = image[channel, row, column]
            expected = value * 0 if word < round(0.3 * 2**32) else value * float(np.float32(1 / 0.7))
            assert result[channel, row, column] == expected


def test_the_share_dropped_is_the_probability():
    """As many values are dropped as the probability says, and the mean stays."""
    ones = torch.ones(4, 8, 40, 40)

    found = CountedDropout(0.3, seed=1, stream="dropout-0")(ones, Place(epoch=0, positions=torch.arange(4)))

    assert abs((found == 0).double().mean().item() - 0.3) < 4 * (0.21 / ones.numel()) ** 0.5
    assert abs(found.mean().item() - 1) < 4 * (0.3 / 0.7 / ones.numel()) ** 0.5


def test_probability_zero_and_scoring_drop_nothing():
    """With probability 0, and without a place in training, every value passes unchanged."""
    values = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    place = Place(epoch=0, positions=torch.arange(2))

    assert torch.equal(CountedDropout(0.0, seed=1, stream="dropout-0")(values, place), values)
    assert torch.equal(CountedDropout(0.9, seed=1, stream="dropout-0")(values, None), values)


def test_the_gradient_passes_where_the_value_passed():
    """The gradient is scaled by the same mask as the values."""
    values = torch.ones(2, 3, 4, 4, requires_grad=True)

    found = CountedDropout(0.5, seed=1, stream="dropout-0")(values, Place(epoch=0, positions=torch.arange(2)))
    found.sum().backward()

    assert torch.equal(values.grad, found.detach())
