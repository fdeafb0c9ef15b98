"""Every layer kind, optimizer and setting of training against every engine: followed, or refused by name."""

from enum import StrEnum
from pathlib import Path
from typing import ClassVar

import pytest

from ceteris.datasets.choice import DataChoice
from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import kernel_kinds, usable_instruction_sets
from ceteris.engines.support import SCHEDULE_SETTINGS
from ceteris.engines.torch.engine import TorchEngine
from ceteris.engines.torch.stacked.engine import StackedEngine
from ceteris.engines.transfer.engine import FineTuningEngine, TransferEngine
from ceteris.networks.activation import ActivationLayer
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from ceteris.networks.kinds import LAYER_KINDS
from ceteris.networks.layer import Layer, Module
from ceteris.networks.network import Network
from ceteris.networks.pooling import AveragePool, GlobalAveragePool, MaxPool
from ceteris.networks.residual import Residual
from ceteris.networks.sample_norm import GroupNorm, LayerNorm
from ceteris.study.specification import Specification
from ceteris.training.training import OPTIMIZERS, SCHEDULES, Training

WEIGHTS = "0" * 64
PRETRAINED = {"backbone": "mobilenet_v2", "weights_sha256": WEIGHTS}
KEPT = {"weights": ((WEIGHTS, Path("weights.pth")),)}
ENGINES = {
    "torch": TorchEngine(),
    "stacked": StackedEngine(),
    "heads": TransferEngine(**KEPT, cache=None),
    "fine-tuning": FineTuningEngine(**KEPT),
}
if usable_instruction_sets():
    ENGINES["lanes"] = LanesEngine(instruction_set=usable_instruction_sets()[0])

EXAMPLES = {
    "activation": ActivationLayer(activation="relu"),
    "average_pool": AveragePool(average_pool=2),
    "batch_norm": BatchNorm(batch_norm=True),
    "conv": Convolution(conv=2),
    "dense": Dense(dense=4),
    "global_average_pool": GlobalAveragePool(global_average_pool=True),
    "group_norm": GroupNorm(group_norm=1),
    "layer_norm": LayerNorm(layer_norm=True),
    "dropout": Dropout(dropout=0.5),
    "max_pool": MaxPool(max_pool=2),
    "residual": Residual(residual=[Convolution(conv=3, padding="same")]),
}
REFUSED_LAYERS = {("lanes", key) for key in ("group_norm", "layer_norm")}
# A setting that is not at its default; those of one kind only have that kind beside them.
SETTINGS = {
    "optimizer": {"optimizer": "sgd"},
    "learning_rate": {"learning_rate": 0.5},
    "batch_size": {"batch_size": 7},
    "epochs": {"epochs": 3},
    "momentum": {"optimizer": "sgd", "momentum": 0.5},
    "nesterov": {"optimizer": "sgd", "nesterov": True},
    "alpha": {"optimizer": "rmsprop", "alpha": 0.5},
    "initial_accumulator": {"optimizer": "adagrad", "initial_accumulator": 0.5},
    "beta1": {"beta1": 0.5},
    "beta2": {"beta2": 0.5},
    "epsilon": {"epsilon": 0.5},
    "weight_decay": {"weight_decay": 0.5},
    "flip": {"flip": True},
    "crop": {"crop": 2},
    "rotation": {"rotation": 10.0},
    "cutout": {"cutout": 4},
    "brightness": {"brightness": 0.5},
    "contrast": {"contrast": 0.5},
    "mixup": {"mixup": 0.2},
    "cutmix": {"cutmix": 1.0},
    "label_smoothing": {"label_smoothing": 0.1},
    "clip_norm": {"clip_norm": 1.0},
    "average_decay": {"average_decay": 0.9},
    "schedule": {"schedule": "cosine"},
    "warmup_epochs": {"warmup_epochs": 2},
    "step_epochs": {"schedule": "step", "step_epochs": 3},
    "gamma": {"schedule": "exponential", "gamma": 0.5},
    "final_share": {"schedule": "cosine", "final_share": 0.5},
    "rise": {"schedule": "one_cycle", "rise": 0.5},
    "start_divisor": {"schedule": "one_cycle", "start_divisor": 5.0},
    "final_divisor": {"schedule": "one_cycle", "final_divisor": 5.0},
    "patience": {"patience": 5},
    "scored_epoch": {"scored_epoch": "best"},
    "test_time_flip": {"test_time_flip": True},
}
AUGMENTATIONS = {"flip", "crop", "rotation", "cutout", "brightness", "contrast"}
REFUSED_SETTINGS = {("heads", name) for name in AUGMENTATIONS - {"flip"} | {"test_time_flip"}}
REFUSED_SETTINGS |= {(engine, name) for engine in ("heads", "lanes") for name in ("mixup", "cutmix")}


LAST = Dense(dense="classes")


def asked(engine, training=None, layers=(LAST,)):
    """Give a specification for an engine: layers, or a backbone with a head that is trained alone or not."""
    network = (
        BackboneNetwork(**PRETRAINED, train="head" if engine == "heads" else "all")
        if engine in {"heads", "fine-tuning"}
        else Network(layers=layers)
    )
    return Specification(data=DataChoice(), network=network, training=training or Training())


class Rounding(Layer):
    """A layer kind that no engine has heard of."""

    key: ClassVar[str] = "rounding"
    rounding: int = 1

    def output(self, before):
        """Keep the size."""
        return before

    def modules(self, before, *, is_flat):
        """Name no module of PyTorch."""
        del before, is_flat
        return (Module(kind="Rounding"),)

    def forward(self, values_nchw, arrays):
        """Change nothing."""
        del arrays
        return values_nchw


class DilatedConvolution(Convolution):
    """A convolution with a setting that no engine has heard of."""

    dilation: int = 1


class WarmTraining(Training):
    """Training with a setting that no engine has heard of."""

    warm_up: int = 0


def test_every_layer_kind_and_setting_has_an_example():
    """A new kind or setting must be entered here, and so is decided for every engine."""
    assert EXAMPLES.keys() == {kind.key for kind in LAYER_KINDS}
    assert SETTINGS.keys() == Training.model_fields.keys()


@pytest.mark.parametrize("key", EXAMPLES)
@pytest.mark.parametrize("engine", sorted(ENGINES.keys() - {"heads", "fine-tuning"}))
def test_layer_kinds(engine, key):
    """Both engines for layers train every kind but those that are named here, which they refuse."""
    layers = (EXAMPLES[key], LAST)

    found = ENGINES[engine].unsupported(asked(engine, layers=layers))

    assert found == (f"layer 1 ({EXAMPLES[key]}) has no kernel" if (engine, key) in REFUSED_LAYERS else None)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("optimizer", [kind.key for kind in OPTIMIZERS])
def test_optimizers(engine, optimizer):
    """Every engine has every optimizer."""
    assert ENGINES[engine].unsupported(asked(engine, Training(optimizer=optimizer))) is None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("schedule", [kind.key for kind in SCHEDULES])
def test_schedules(engine, schedule):
    """Every engine has every schedule."""
    assert ENGINES[engine].unsupported(asked(engine, Training(schedule=schedule))) is None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_of_training(engine, setting):
    """Every engine follows every setting but those that are named here, which it refuses."""
    found = ENGINES[engine].unsupported(asked(engine, Training(**SETTINGS[setting])))

    refusal = f"training.{setting} = {SETTINGS[setting][setting]} is not supported"
    assert found == (refusal if (engine, setting) in REFUSED_SETTINGS else None)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_unknown_setting_of_training_is_refused(engine):
    """Unless it is at its default, which changes nothing."""
    specification = asked(engine)
    usual, warm = (
        specification.model_copy(update={"training": WarmTraining(**values)}) for values in ({}, {"warm_up": 2})
    )

    assert ENGINES[engine].unsupported(usual) is None
    assert ENGINES[engine].unsupported(warm) == "training.warm_up = 2 is not supported"


@pytest.mark.parametrize("engine", ENGINES)
def test_an_unknown_optimizer_is_refused(engine):
    """It is not trained as one of the others."""

    class Later(StrEnum):
        LION = "lion"

    training = Training().model_copy(update={"optimizer": Later.LION})

    assert ENGINES[engine].unsupported(asked(engine, training)) == "the optimizer lion is not supported"


@pytest.mark.skipif("lanes" not in ENGINES, reason="the lanes engine is not compiled here")
def test_an_unknown_layer_kind_is_refused_by_the_lanes_engine():
    """It is not left out."""
    network = Network.model_construct(layers=(Rounding(), LAST))
    specification = asked("lanes").model_copy(update={"network": network})

    assert ENGINES["lanes"].unsupported(specification) == f"layer 1 ({Rounding()}) has no kernel"


@pytest.mark.skipif("lanes" not in ENGINES, reason="the lanes engine is not compiled here")
def test_an_unknown_setting_or_value_of_a_layer_is_refused_by_the_lanes_engine():
    """Its kernels list the settings and the values that they honour."""
    unusual = {
        "has dilation = 2, which its kernel does not know": DilatedConvolution(conv=2, dilation=2),
        "has activation = mish, which its kernel does not know": Convolution(conv=2).model_copy(
            update={"activation": "mish"}
        ),
        "has max_pool = 17; the largest is 16": MaxPool(max_pool=17),
    }
    for reason, layer in unusual.items():
        network = Network.model_construct(layers=(layer, LAST))
        specification = asked("lanes").model_copy(update={"network": network})
        assert ENGINES["lanes"].unsupported(specification) == f"layer 1 ({layer}) {reason}"
    network = Network.model_construct(layers=(DilatedConvolution(conv=2), LAST))
    assert ENGINES["lanes"].unsupported(asked("lanes").model_copy(update={"network": network})) is None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_runs_share_a_packed_batch_only_if_they_differ_in_what_each_has_for_itself(engine, setting):
    """The rest is part of the key, also what nobody thought of: keys are made by exclusion."""
    own = {"learning_rate", "momentum", "beta1", "beta2", "epsilon", "weight_decay", *SCHEDULE_SETTINGS}
    own |= {"patience", "scored_epoch"}
    own |= AUGMENTATIONS | {"test_time_flip"} if engine in {"lanes", "stacked"} else set()
    own |= {"nesterov", "alpha", "initial_accumulator", "label_smoothing", "clip_norm", "average_decay"}
    own -= {"label_smoothing"} if engine == "stacked" else set()
    usual = {key: value for key, value in SETTINGS[setting].items() if key == "optimizer" != setting}
    key = ENGINES[engine].packing_key
    same = key(asked(engine, Training(**usual))) == key(asked(engine, Training(**SETTINGS[setting])))

    assert same == (setting in own and ENGINES[engine].packed_runs > 1)
    warm = asked(engine).model_copy(update={"training": WarmTraining(warm_up=2)})
    assert key(warm) != key(asked(engine, WarmTraining()))


@pytest.mark.skipif("lanes" not in ENGINES, reason="the lanes engine is not compiled here")
def test_every_setting_of_a_layer_is_part_of_the_key_but_those_of_each_run():
    """Only dropout probabilities and slopes may differ within a packed batch of the lanes engine."""
    kinds = kernel_kinds(usable_instruction_sets()[0])

    own = {(key, name) for key, kind in kinds.items() for name in kind.per_run}
    bent = {(key, "slope") for key in ("activation", "conv", "dense", "residual")}
    assert own == {("dropout", "dropout")} | bent
    for first, second in (
        (Convolution(conv=2), Convolution(conv=3)),
        (Convolution(conv=2), Convolution(conv=2, kernel=5)),
        (Convolution(conv=2), Convolution(conv=2, padding="same")),
        (Convolution(conv=2), Convolution(conv=2, activation="tanh")),
        (MaxPool(max_pool=2), MaxPool(max_pool=3)),
        (Dense(dense=4), Dense(dense=5)),
        (DilatedConvolution(conv=2), DilatedConvolution(conv=2, dilation=2)),
        (Residual(residual=[LAST]), Residual(residual=[LAST], activation="relu")),
        (Residual(residual=[LAST]), Residual(residual=[Dense(dense=4)])),
    ):
        networks = [Network.model_construct(layers=(layer, LAST)) for layer in (first, second)]
        keys = [
            ENGINES["lanes"].packing_key(asked("lanes").model_copy(update={"network": network})) for network in networks
        ]
        assert keys[0] != keys[1]
