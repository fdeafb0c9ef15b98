import math
from dataclasses import replace

from ceteris.results.epochs import decode_epochs, encode_epochs
from ceteris.testing.miniature import miniature_runs
from tests.miniature import miniature_result


def test_epochs_come_back_exactly():
    """Every float is read back to the last bit."""
    _, epochs = miniature_result(miniature_runs()[0])
    assert decode_epochs(encode_epochs(epochs)) == epochs


def test_the_file_is_a_plain_table():
    """It has a header and a row an epoch, for any reader of CSV."""
    _, epochs = miniature_result(miniature_runs()[0])
    lines = encode_epochs(epochs).decode().splitlines()
    assert lines[0] == (
        "epoch,training_loss,training_accuracy,validation_loss,validation_accuracy,seconds,runs_in_bank"
    )
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "2", "3"]
    assert all(line.endswith(",0.25,1") for line in lines[1:])


def test_losses_that_are_not_finite_are_written_alike():
    """Infinities and not-a-numbers of different engines do not make different files."""
    _, epochs = miniature_result(miniature_runs()[0])
    files = {
        encode_epochs([replace(epochs[0], metrics=replace(epochs[0].metrics, training_loss=loss))])
        for loss in (math.inf, -math.inf, math.nan)
    }
    assert len(files) == 1
    assert math.isnan(decode_epochs(files.pop())[0].metrics.training_loss)
