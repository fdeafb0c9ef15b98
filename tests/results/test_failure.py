import pytest
from miniature import miniature_runs

from ceteris.engines.engine import Position
from ceteris.results.damage import DamagedError
from ceteris.results.failure import RunFailure, decode_failure, describe_error, encode_failure

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
    assert where[-1].startswith("test_failure.py, line ")
    assert where[-1].endswith(", in divide")
    assert not any("/" in call for call in where)


def test_an_error_without_text_is_named():
    """There is no dangling colon."""
    assert describe_error(MemoryError()) == ("MemoryError", ())
