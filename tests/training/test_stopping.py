import numpy as np
import pytest

from ceteris.training.stopping import Stopping, best_epoch
from ceteris.training.training import Training


def test_by_default_training_ends_with_its_last_epoch():
    """It never stops early, and the last epoch is scored."""
    usual = Training().stopping

    assert not any(usual.is_over(list(range(length))) for length in range(1, 100))
    assert usual.scored([0.3, 0.1, 0.2]) == 3
    assert str(usual) == ""


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_training_stops_after_the_first_wait_that_is_as_long_as_its_patience(patience):
    """On random losses with ties, the first epoch at which it is over ends the first such wait, counted one by one."""
    for seed in range(200):
        losses = np.random.default_rng(seed).integers(0, 6, 30).tolist()
        lowest, waited, expected = np.inf, 0, None
        for epoch, loss in enumerate(losses, start=1):
            waited = 0 if loss < lowest else waited + 1
            lowest = min(loss, lowest)
            if waited == patience:
                expected = epoch
                break
        found = next((end for end in range(1, 31) if Stopping(patience=patience).is_over(losses[:end])), None)
        assert found == expected


def test_the_best_epoch_is_the_first_with_the_lowest_loss():
    """Of equals the earliest."""
    assert best_epoch([0.5, 0.2, 0.4, 0.2]) == 2
    assert Stopping(scored_epoch="best").scored([0.5, 0.2, 0.4, 0.2]) == 2


def test_both_are_said_in_words():
    """For the report's list of settings."""
    assert str(Stopping(patience=1, scored_epoch="best")) == (
        "stopped after 1 epoch without a lower validation loss, the epoch with the lowest validation loss scored"
    )
