import numpy as np
import pytest
import torch
from scipy import stats
from torch.nn import functional

from ceteris.engines.streams import order
from ceteris.engines.torch.engine import TorchEngine
from ceteris.engines.torch.mixing import mixture
from ceteris.networks.dense import Dense
from ceteris.networks.shape import Shape
from ceteris.training.training import Training

IMAGE = Shape(9, 9, 3)


def drawn(count=16, place=32, seed=3, image=IMAGE, **settings):
    """Draw how a minibatch is mixed."""
    return mixture(seed, 2, place, count, Training(**settings), image)


def test_nothing_is_mixed_unless_asked():
    """By default a minibatch stays as it is."""
    assert drawn() is None


@pytest.mark.parametrize("settings", [{"mixup": 0.4}, {"cutmix": 1.0}])
def test_a_draw_depends_on_seed_epoch_and_place_alone(settings):
    """Each minibatch has its own mixture, the same each time; partners are a permutation of it."""
    found, again, other, later = (drawn(**settings, **more) for more in ({}, {}, {"seed": 4}, {"place": 48}))

    assert np.array_equal(found.partners, again.partners)
    assert (found.own, found.box) == (again.own, again.box)
    assert len({found.own, other.own, later.own}) == 3
    assert sorted(found.partners) == list(range(16))
    assert not np.array_equal(found.partners, other.partners)
    assert len(drawn(count=5, **settings).partners) == 5


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_shares_have_the_beta_distribution(alpha):
    """Over many minibatches, and each is exact in float32."""
    shares = [drawn(count=2, place=place, mixup=alpha).own for place in range(1500)]

    assert stats.kstest(shares, stats.beta(alpha, alpha).cdf).pvalue > 0.001
    assert all(share == float(np.float32(share)) for share in shares)


def test_a_box_leaves_the_share_of_the_pixels():
    """Its area is 1 - share of the image before it is cut at the border; its centre is any pixel."""
    image = Shape(64, 48, 3)
    found = [drawn(count=2, place=place, image=image, cutmix=1.0) for place in range(1500)]
    whole = [one for one in found if one.box[0].start > 0 and one.box[0].stop < 64 and one.box[1].start > 0]

    for one in found:
        rows, columns = one.box
        area = (rows.stop - rows.start) * (columns.stop - columns.start)
        assert one.own == pytest.approx(1 - area / (64 * 48), abs=1e-7)
    middles = [(one.box[0].start + one.box[0].stop) / 2 for one in whole if one.own > 0.95]
    assert stats.kstest(middles, stats.uniform(8, 48).cdf).pvalue > 1e-4
    shares = np.array([one.own for one in found])
    assert 0.6 < shares.mean() < 0.85  # 1/2 without the border


@pytest.mark.parametrize("settings", [{"mixup": 0.4}, {"cutmix": 1.0}])
def test_a_step_minimises_the_weighted_loss_of_the_mixed_images(split, make_run, settings):
    """Loss, accuracy and gradient of one whole minibatch are those of images mixed in NumPy, one by one."""
    run = make_run((Dense(dense="classes"),), batch_size=75, epochs=1, optimizer="sgd", learning_rate=0.5, **settings)
    packed = TorchEngine(precision="float64").start([run], split)
    weights = {name: torch.tensor(array, dtype=torch.float64) for name, array in packed.states()[0].arrays.items()}
    chosen = order(run.seed, 0, 75)
    pixels, labels = split.training.images[chosen], torch.from_numpy(split.training.labels[chosen]).long()
    how = mixture(run.seed, 0, 0, 75, run.specification.training, IMAGE)
    mixed = np.zeros(pixels.shape)
    for number, partner in enumerate(how.partners):
        if how.box is None:
            mixed[number] = how.own * pixels[number] + (1 - how.own) * pixels[partner]
        else:
            mixed[number] = pixels[number]
            mixed[number, how.box[0], how.box[1]] = pixels[partner, how.box[0], how.box[1]]
    inputs = torch.from_numpy((mixed * split.scale + split.offset).transpose(0, 3, 1, 2)).flatten(1)
    weight, bias = (weights[f"layers.0.{name}"].requires_grad_() for name in ("weight", "bias"))
    logits = functional.linear(inputs, weight, bias)
    partners = labels[torch.from_numpy(how.partners)]
    loss = how.own * functional.cross_entropy(logits, labels)
    loss = loss + (1 - how.own) * functional.cross_entropy(logits, partners)
    loss.backward()

    (metrics,) = packed.advance()

    assert metrics.training_loss == pytest.approx(loss.item(), rel=1e-6)
    right = labels if how.own >= 0.5 else partners
    assert metrics.training_accuracy == (logits.argmax(1) == right).double().mean().item()
    outcome = packed.outcomes()[0]
    for name, tensor in (("weight", weight), ("bias", bias)):
        expected = (tensor - 0.5 * tensor.grad).detach().numpy()
        np.testing.assert_allclose(outcome.weights[f"layers.0.{name}"], expected, rtol=1e-5, atol=1e-6)


def test_draws_stay_what_they_were():
    """Numbers that stored results rest on are pinned: a change of them needs a new `SCHEMA`."""
    mixed, cut = drawn(count=5, mixup=0.4), drawn(count=5, cutmix=1.0)

    assert (mixed.own, mixed.partners.tolist()) == MIXED
    assert (cut.own, cut.partners.tolist(), cut.box) == CUT


MIXED = (0.584751546382904, [4, 3, 1, 0, 2])
CUT = (0.20987653732299805, [2, 0, 1, 3, 4], (slice(0, 8, None), slice(1, 9, None)))
