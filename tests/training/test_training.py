import pickle

import pytest

from ceteris.training.adam import Adam
from ceteris.training.adamw import AdamW
from ceteris.training.sgd import SGD
from ceteris.training.training import CHOICES, OPTIMIZERS, SECTIONS, Training


def test_a_training_section_reads_flat_keys_and_gives_each_kind_its_own():
    """A study file has one table, whichever kinds it chooses."""
    training = Training(optimizer="sgd", learning_rate=0.1, momentum=0.9, weight_decay=0.01, crop=2)

    assert training.chosen_optimizer == SGD(learning_rate=0.1, momentum=0.9, weight_decay=0.01)
    assert Training().chosen_optimizer == Adam()
    assert (training.chosen_loss.key, training.chosen_schedule.key) == ("cross_entropy", "constant")
    assert [str(one) for one in training.augmentations if one.is_active] == ["shifts of up to 2 pixels"]


def test_settings_of_an_optimizer_that_is_not_chosen_stay_in_what_is_written():
    """So that the runs of version 0.1 keep their digests, whatever their baseline had declared."""
    training = Training(optimizer="sgd", beta1=0.8)

    assert training.model_dump() == {
        "optimizer": "sgd",
        "learning_rate": 0.001,
        "weight_decay": 0.0,
        "beta1": 0.8,
        "beta2": 0.999,
        "epsilon": 1e-8,
        "momentum": 0.0,
        "batch_size": 32,
        "epochs": 20,
        "flip": False,
        "crop": 0,
    }
    assert Training.model_validate(training.model_dump()) == training
    assert [entry for entry in training.idle() if entry[1] == "optimizer"] == [
        ("beta1", "optimizer", ["adam", "adamw"]),
        ("beta2", "optimizer", ["adam", "adamw"]),
        ("epsilon", "optimizer", ["adam", "adamw", "rmsprop", "adagrad"]),
        ("alpha", "optimizer", ["rmsprop"]),
        ("initial_accumulator", "optimizer", ["adagrad"]),
    ]


def test_a_training_section_goes_to_another_process():
    """Its class is made from the kinds, and still found by its name."""
    assert pickle.loads(pickle.dumps(Training(epochs=3))) == Training(epochs=3)  # noqa: S301 - its own


def test_a_choice_of_one_kind_has_no_key_yet():
    """What nobody can choose is not written."""
    single = {choice for choice, kinds in CHOICES.items() if len(kinds) == 1}

    assert not single & Training.model_fields.keys()


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.key)
def test_every_setting_of_an_optimizer_reaches_pytorch(kind):
    """Another value makes another description; the learning rate is given to each group of parameters."""
    usual = kind()
    for name in kind.model_fields.keys() - {"learning_rate"}:
        other = usual.model_copy(update={name: 0.25})

        assert other.torch() != usual.torch(), name


def test_a_later_setting_has_one_default():
    """It is left out of what is written at its default, which must not depend on what is chosen."""
    for name in Training.later - CHOICES.keys():
        defaults = {section.model_fields[name].default for section in SECTIONS if name in section.model_fields}

        assert len(defaults) == 1, name


def test_adamw_has_a_weight_decay_of_its_own_where_none_is_given():
    """As PyTorch's has; one that is given is kept, also 0, which a check of the study refuses."""
    assert Training(optimizer="adamw").chosen_optimizer == AdamW(weight_decay=0.01)
    assert Training(optimizer="adamw", weight_decay=0.2).weight_decay == 0.2
    assert Training.model_validate(Training(optimizer="adamw", weight_decay=0.0).model_dump()).weight_decay == 0
    assert Training().weight_decay == 0
