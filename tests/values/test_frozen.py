import pytest

from ceteris.errors import StudyError
from ceteris.formatting.wording import listed
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.network import Network
from ceteris.training.training import Training


def mistakes(model, **fields):
    """Build what cannot be, and give the sentences."""
    with pytest.raises(StudyError) as error:
        model(**fields)
    return error.value.mistakes


def test_construction_tells_all_mistakes_in_sentences():
    """A wrong value in Python is a `StudyError` and never a wall of text."""
    assert mistakes(Training, optimizer="adamm", learning_rate=0, epochs=True, flip=1, momentum=1, speed=2) == (
        'optimizer = "adamm" must be "adam", "sgd", "adamw", "rmsprop" or "adagrad"; did you mean "adam"?',
        "learning_rate = 0 must be a number above 0.",
        "momentum = 1 must be a number from 0 to below 1.",
        "epochs = true must be an integer from 1 to 100000.",
        "flip = 1 must be true or false.",
        f"unknown key 'speed'; the keys here are {listed(list(Training.model_fields))}.",
    )


def test_construction_tells_the_mistakes_of_what_is_inside():
    """All layers are looked at, and each mistake says which it is in."""
    assert mistakes(Network, layers=[{"conv": 0}, Dense(dense=3), {"dropout": 2, "rate": 1}]) == (
        "layers.0.conv = 0 must be an integer from 1 to 4096.",
        "layers.2.dropout = 2 must be a number from 0 to below 1.",
        "layers.2: unknown key 'rate'; the keys here are dropout.",
    )


def test_missing_values_are_named():
    """What has no default must be given."""
    assert mistakes(Convolution) == ("there is no 'conv'; add it, an integer from 1 to 4096.",)
    assert mistakes(Network) == ("there is no 'layers'; add layers = [...].",)


def test_no_value_is_taken_for_another_kind():
    """Text is no number and truth is no integer, though an integer is a number."""
    assert mistakes(Dropout, dropout="0.5") == ('dropout = "0.5" must be a number from 0 to below 1.',)
    assert mistakes(Dropout, dropout=False) == ("dropout = false must be a number from 0 to below 1.",)
    assert mistakes(Dropout, dropout=float("nan")) == ("dropout = nan must be a number from 0 to below 1.",)
    assert Dropout(dropout=0) == Dropout(dropout=0.0)


def test_hostile_text_is_shown_harmless():
    """Control characters in a value do not reach the terminal, and long values are cut."""
    assert mistakes(Training, optimizer="\x1b[31mred\x7f") == (
        'optimizer = "\\u001b[31mred\\u007f" must be "adam", "sgd", "adamw", "rmsprop" or "adagrad".',
    )
    assert mistakes(Training, optimizer="x" * 500) == (
        f'optimizer = "{"x" * 56}... must be "adam", "sgd", "adamw", "rmsprop" or "adagrad".',
    )
