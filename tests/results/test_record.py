import hashlib
import json
import math
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

from ceteris.checksummed import DamagedError
from ceteris.datasets.dataset import as_labels, narrowed
from ceteris.engines.engine import EpochMetrics, Position
from ceteris.networks.shape import Shape
from ceteris.results.record import (
    RunFailure,
    Status,
    conclude,
    decode_array,
    decode_failure,
    decode_record,
    decode_weights,
    describe_error,
    diverged_epoch,
    encode_array,
    encode_failure,
    encode_record,
    encode_weights,
    half_precision,
)
from ceteris.testing.miniature import FakeEngine, miniature_runs
from tests.miniature import flipped, miniature_outcome, miniature_result


def metrics(epoch: int, *, validation_accuracy: float = 0.5, training_loss: float = 1.0, validation_loss: float = 1.0):
    """Give what one epoch came to."""
    return EpochMetrics(
        epoch=epoch,
        training_loss=training_loss,
        training_accuracy=0.5,
        validation_loss=validation_loss,
        validation_accuracy=validation_accuracy,
    )


def concluded(epochs, outcome):
    """Sum up epochs of the miniature study's first run."""
    facts = {"engine": "fake", "arithmetic": "float32", "data_origin": "built in", "classes": 10}
    return conclude(miniature_runs()[0], epochs, outcome, image=Shape(32, 32, 3), **facts).record


def test_a_record_comes_back_as_it_was():
    """Finished and diverged runs are read as they were written."""
    run = miniature_runs()[0]
    for engine in (FakeEngine(), FakeEngine(diverging=frozenset([run.seed]))):
        record = miniature_result(run, engine=engine)[0].record
        assert decode_record(encode_record(record), run) == record


def test_a_record_holds_what_the_run_came_to():
    """Counts, epochs and digests are those of the run."""
    run = miniature_runs()[0]
    result, epochs = miniature_result(run)
    record = result.record
    accuracies = [epoch.metrics.validation_accuracy for epoch in epochs]
    assert record.status is Status.FINISHED
    assert (record.epochs, record.diverged_epoch) == (3, None)
    assert record.parameters == 4 * 4 * 3 * 10 + 10
    assert record.best_validation_accuracy == max(accuracies)
    assert record.best_validation_epoch == accuracies.index(max(accuracies)) + 1
    assert record.final_validation_accuracy == accuracies[-1]
    assert record.predictions_sha256 == hashlib.sha256(result.predictions).hexdigest()
    assert record.weights_sha256 == hashlib.sha256(result.weights).hexdigest()


def test_only_what_specification_and_seed_determine_is_stored():
    """The file has no times and no machine, and a variation that is given another name keeps its bytes."""
    run = miniature_runs()[3]
    record = miniature_result(run)[0].record
    assert set(json.loads(encode_record(record))) == {
        "arithmetic",
        "best_validation_accuracy",
        "best_validation_epoch",
        "data_digest",
        "data_origin",
        "digest",
        "diverged_epoch",
        "engine",
        "epochs",
        "final_validation_accuracy",
        "format",
        "parameters",
        "predictions_sha256",
        "seal",
        "seed",
        "specification",
        "status",
        "test_accuracy",
        "test_loss",
        "weights_sha256",
    }
    renamed = replace(record, run=replace(run, factor="step size", variation="large steps"))
    assert encode_record(renamed) == encode_record(record)


def test_a_diverged_run_is_kept_without_scores():
    """It was not scored; its best epoch is one before it diverged, and later epochs do not count."""
    epochs = [metrics(1, validation_accuracy=0.3), metrics(2, validation_accuracy=0.9, validation_loss=math.nan)]
    record = concluded([*epochs, metrics(3)], None)
    assert record.status is Status.DIVERGED
    assert (record.epochs, record.diverged_epoch) == (2, 2)
    assert (record.best_validation_accuracy, record.best_validation_epoch) == (0.3, 1)
    assert record.final_validation_accuracy is None
    assert record.test_accuracy is record.test_loss is record.predictions_sha256 is record.weights_sha256 is None


def test_a_run_that_diverges_at_once_has_no_best_epoch():
    """There is no epoch to choose from."""
    record = concluded([metrics(1, training_loss=math.inf)], None)
    assert (record.epochs, record.best_validation_accuracy, record.best_validation_epoch) == (1, None, None)


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_divergence_is_the_first_loss_that_is_not_finite(loss):
    """Either loss decides."""
    assert diverged_epoch([metrics(1), metrics(2)]) is None
    assert diverged_epoch([metrics(1), metrics(2, training_loss=loss), metrics(3, validation_loss=loss)]) == 2
    assert diverged_epoch([metrics(1, validation_loss=loss)]) == 1


def test_of_equal_epochs_the_first_is_best():
    """A tie does not move the best epoch to a later one."""
    outcome = miniature_outcome(miniature_runs()[0])
    record = concluded([metrics(epoch, validation_accuracy=0.5) for epoch in (1, 2, 3)], outcome)
    assert record.best_validation_epoch == 1


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_test_loss_that_is_not_finite_is_divergence(loss):
    """In the last epoch, though training and validation did not show it; an accuracy beside it does not count."""
    outcome = replace(miniature_outcome(miniature_runs()[0]), test_loss=loss)
    record = concluded([metrics(1, validation_accuracy=0.4), metrics(2, validation_accuracy=0.9)], outcome)
    assert (record.status, record.epochs, record.diverged_epoch) == (Status.DIVERGED, 2, 2)
    assert (record.best_validation_accuracy, record.best_validation_epoch) == (0.4, 1)
    assert record.test_accuracy is record.test_loss is record.predictions_sha256 is record.weights_sha256 is None
    assert decode_record(encode_record(record), record.run) == record


def test_numpy_numbers_are_written_like_pythons():
    """An engine may answer in NumPy's types."""
    outcome = replace(miniature_outcome(miniature_runs()[0]), test_accuracy=np.float64(0.25))
    assert json.loads(encode_record(concluded([metrics(1)], outcome)))["test_accuracy"] == 0.25


def test_the_result_of_another_run_is_refused():
    """A result that was copied into another run's folder is not taken for that run's."""
    first, second = miniature_runs()[:2]
    content = encode_record(miniature_result(first)[0].record)
    with pytest.raises(DamagedError) as error:
        decode_record(content, second)
    assert str(error.value) == f"is the result of another run, with digest {first.digest[:8]}"


def test_a_thousand_flipped_bits_are_all_noticed():
    """Of 1,000 files with one random bit flipped, none is accepted; nor is any that was cut."""
    run = miniature_runs()[0]
    content = encode_record(miniature_result(run)[0].record)
    for changed in flipped(content, 1_000):
        with pytest.raises(DamagedError):
            decode_record(changed, run)
    for length in range(0, len(content), 7):
        with pytest.raises(DamagedError):
            decode_record(content[:length], run)


FIRST, SECOND = miniature_runs()[:2]


def failure() -> RunFailure:
    """Give a failure of the first run."""
    return RunFailure(
        run=FIRST,
        engine="fake",
        error="MemoryError: cannot allocate 3 GB",
        where=("worker.py, line 7, in train_bank",),
        position=Position(epoch=2, step=5),
    )


def test_a_failure_comes_back_as_it_was():
    """What went wrong is read as it was written."""
    assert decode_failure(encode_failure(failure()), FIRST) == failure()


def test_the_failure_of_another_run_is_refused():
    """A failure that was copied into another run's folder is not taken for that run's."""
    with pytest.raises(DamagedError) as error:
        decode_failure(encode_failure(failure()), SECOND)
    assert str(error.value) == f"is of another run, with digest {FIRST.digest[:8]}"


def test_an_error_is_described_without_folders():
    """Kind, text and the calls that led to it are kept, with names of files only."""

    def divide():
        return 1 / 0

    with pytest.raises(ZeroDivisionError) as error:
        divide()
    text, where = describe_error(error.value)
    assert text == "ZeroDivisionError: division by zero"
    assert where[-1].startswith("test_record.py, line ")
    assert where[-1].endswith(", in divide")
    assert not any("/" in call for call in where)


def test_an_error_without_text_is_named():
    """There is no dangling colon."""
    assert describe_error(MemoryError()) == ("MemoryError", ())


def test_predictions_are_kept_in_half_precision():
    """Probabilities come back rounded to float16, in their shape, also from an array that is not contiguous."""
    probabilities = np.linspace(0, 1, 60, dtype=np.float32).reshape(10, 6).T
    kept = decode_array(encode_array(half_precision(probabilities)))
    assert kept.dtype == np.float16
    np.testing.assert_array_equal(kept, probabilities.astype(np.float16))


def test_predictions_are_a_plain_npy_file():
    """Anybody can read them with NumPy, and nothing in them needs unpickling."""
    content = encode_array(half_precision(np.ones((2, 10), np.float32)))
    assert np.load(BytesIO(content), allow_pickle=False).shape == (2, 10)


def test_pickled_arrays_are_refused():
    """A file that holds Python objects is not executed."""
    buffer = BytesIO()
    np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        decode_array(buffer.getvalue())


def test_weights_come_back_bit_for_bit():
    """Every array keeps its name, shape and bits: transposed ones, scalars and not-a-numbers too."""
    weights = {
        "layers.0.weight": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "layers.0.bias": np.array([np.nan, -0.0], np.float32),
        "scalar": np.array(3, np.float32),
    }
    kept = decode_weights(encode_weights(weights))
    assert kept.keys() == weights.keys()
    for name, array in weights.items():
        assert kept[name].shape == array.shape
        assert kept[name].tobytes() == array.tobytes()


def test_the_same_weights_give_the_same_bytes():
    """The order in which an engine names its arrays does not show."""
    weights = {f"layers.{index}.weight": np.full(3, index, np.float32) for index in range(12)}
    assert encode_weights(weights) == encode_weights(dict(reversed(weights.items())))


@pytest.mark.parametrize(("classes", "stored"), [(10, "|u1"), (256, "|u1"), (257, "<u2"), (65537, "<u4")])
def test_labels_come_back(classes, stored):
    """Classes are kept in as few bytes as hold them: results of up to 256 stay what they were, byte for byte."""
    labels = np.arange(classes, dtype=np.int32)
    content = encode_array(narrowed(labels))

    np.testing.assert_array_equal(as_labels(decode_array(content)), labels, strict=True)
    assert np.load(BytesIO(content)).dtype.str == stored


def test_images_come_back():
    """Test images are kept as bytes, in their shape."""
    images = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    np.testing.assert_array_equal(decode_array(encode_array(images)), images, strict=True)
