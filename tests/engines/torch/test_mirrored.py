import torch

from ceteris.engines.torch.mirrored import mean_logits, scored_logits


def test_the_mean_of_what_is_nearly_impossible_is_a_number():
    """Probabilities that no float holds still have a loss, and the surer look decides it."""
    sure, unsure = torch.tensor([0.0, -1000.0]), torch.tensor([0.0, -200.0])

    found = mean_logits(sure, unsure).log_softmax(0)

    torch.testing.assert_close(found[1], torch.tensor(-200.0 - 0.6931472))
    assert torch.isfinite(found).all()


def test_left_and_right_change_places():
    """The second look is at columns in reverse order; rows and colours stay."""
    pixels = torch.arange(2 * 3 * 4 * 3, dtype=torch.uint8).view(2, 3, 4, 3)
    seen = []

    scored_logits(lambda inputs: inputs.float().flatten(1), pixels, lambda one: seen.append(one) or one, flip=True)

    assert torch.equal(seen[0], pixels)
    assert torch.equal(seen[1], pixels[:, :, [3, 2, 1, 0]])


def test_without_the_setting_the_logits_stay_as_they_are():
    """To the bit, and the network is asked once."""
    pixels = torch.randint(0, 255, (2, 3, 4, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    asked = []

    found = scored_logits(lambda inputs: asked.append(1) or inputs.flatten(1), pixels, lambda one: one / 7, flip=False)

    assert torch.equal(found, (pixels / 7).flatten(1))
    assert asked == [1]
