"""Training functions of the user's own: what they are given, and what they must give."""

import numpy as np
import pytest

from ceteris.datasets.choice import DataChoice
from ceteris.engines.function import FunctionEngine
from ceteris.engines.lanes.engine import lanes_engine
from ceteris.engines.lanes.kernels import chosen_instruction_set
from ceteris.engines.support import BY_FUNCTION
from ceteris.engines.torch.engine import TorchEngine
from ceteris.engines.transfer.engine import TransferEngine
from ceteris.networks.network import Network
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.testing.miniature import miniature_dataset, miniature_split
from ceteris.training.own_function import TrainFunction
from ceteris.training.training import Training
from ceteris.usercode.load import OwnCodeError

METRICS = "{'training_loss': 1, 'training_accuracy': 0.5, 'validation_loss': 2.0, 'validation_accuracy': 1}"
TRAIN = """
import random

import numpy as np


def train(request):
    print("begins")
    for epoch in range(request.epochs):
        yield METRICS
    return np.full((len(request.test_images), request.classes), 1 / request.classes)
""".replace("METRICS", METRICS)
SPLIT = miniature_split(miniature_dataset())


def own_run(text=TRAIN, *, epochs=2, arguments=(), seed=3):
    """Give a run of a function whose file is a text."""
    function = TrainFunction(function="train.py:train", arguments=dict(arguments), code={"train.py": text})
    training = Training(epochs=epochs, learning_rate=0.25)
    specification = Specification(data=DataChoice(), network=Network(layers=()), training=training, train=function)
    return Run(factor="rate", variation="fast", seed=seed, specification=specification, data_digest="0" * 64)


def finish(training, epochs=2):
    """Train to the end, and give metrics and outcome."""
    metrics = [training.advance()[0] for _ in range(epochs)]
    return metrics, training.outcomes()[0]


def test_a_function_yields_metrics_and_returns_probabilities():
    """Loss and accuracy on the test images are computed from these, whose labels it never sees."""
    metrics, outcome = finish(FunctionEngine().start([own_run()], SPLIT))

    assert [(one.epoch, one.training_loss, one.validation_accuracy) for one in metrics] == [
        (1, 1.0, 1.0),
        (2, 1.0, 1.0),
    ]
    assert outcome.probabilities.shape == (len(SPLIT.test), 10)
    assert outcome.test_loss == pytest.approx(np.log(10))
    assert outcome.test_accuracy == np.mean(SPLIT.test.labels == 0)
    assert outcome.weights == {}


def test_a_function_is_given_all_that_it_needs_and_no_test_labels():
    """Images and labels that cannot be written to, the seed, the settings, and its arguments."""
    text = (
        "def train(request):\n    request.arguments['seen'].append(request)\n    yield "
        + METRICS
        + "\n    return [[0.1] * 10] * len(request.test_images)\n"
    )
    run = own_run(text, epochs=1, arguments={"seen": [], "rate": 0.5})
    training = FunctionEngine().start([run], SPLIT)
    training.advance()
    request = training._generator.gi_frame.f_locals["request"]

    assert request.training_images.shape == SPLIT.training.images.shape
    assert request.training_labels.tolist() == SPLIT.training.labels.tolist()
    assert (request.classes, request.seed, request.epochs, request.arguments["rate"]) == (10, 3, 1, 0.5)
    assert request.settings["learning_rate"] == 0.25
    assert not hasattr(request, "test_labels")
    assert not any(getattr(request, name).flags.writeable for name in ("training_images", "test_images", "scale"))
    scaled = request.scaled(request.test_images)
    np.testing.assert_allclose(
        scaled[0, 2], SPLIT.test.images[0, :, :, 2] * SPLIT.scale[2] + SPLIT.offset[2], rtol=1e-6
    )


def test_a_share_of_the_images_is_that_of_every_engine():
    """`data.fraction` leaves out training images by the seed."""
    run = own_run()
    data = run.specification.data.model_copy(update={"fraction": 0.5})
    half = Run(
        factor="rate",
        variation="half",
        seed=3,
        specification=run.specification.model_copy(update={"data": data}),
        data_digest="0" * 64,
    )
    request = FunctionEngine().start([half], SPLIT)._generator.gi_frame.f_locals["request"]

    assert len(request.training_images) == len(request.training_labels) == len(SPLIT.training) // 2


def test_a_function_that_is_sure_of_a_wrong_class_has_not_diverged():
    """A probability of 0 counts as 1e-7."""
    text = TRAIN.replace(
        "np.full((len(request.test_images), request.classes), 1 / request.classes)",
        "np.eye(10)[[0] * len(request.test_images)]",
    )
    _, outcome = finish(FunctionEngine().start([own_run(text)], SPLIT))

    assert outcome.test_loss == pytest.approx(-np.log(1e-7) * np.mean(SPLIT.test.labels != 0))


def test_the_engine_tells_whether_a_seed_decides_all():
    """The generators of Python and NumPy are seeded from it."""
    drawn = "part = 1e-4 * {} * np.array([1, -1] + [0] * 8)\n"
    drawn += "    return np.full((len(request.test_images), 10), 0.1) + part\n"
    begin = TRAIN[: TRAIN.index("    return")] + "    "
    seeded = begin + drawn.format("(random.random() + np.random.rand())")
    unseeded = begin + drawn.format("np.random.default_rng().random()")

    assert FunctionEngine().repeats(own_run(seeded), SPLIT)
    assert not FunctionEngine().repeats(own_run(unseeded), SPLIT)


def returning(what, before=""):
    """Give the text of a function that returns something after an epoch."""
    return f"import numpy as np\n{before}\n\ndef train(request):\n    yield {METRICS}\n    return {what}\n"


def yielding(what):
    """Give the text of a function that yields something."""
    return f"def train(request):\n    yield {what}\n"


DICT = "expected a dict with training_loss, training_accuracy, validation_loss, validation_accuracy."
SHAPE = f"expected class probabilities of shape ({len(SPLIT.test)}, 10), a row for each test image"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "def train(request):\n    return 1\n",
            (
                "train.py:train is not a generator function; define it with def, yield the metrics of each epoch in "
                "it, and "
                "return the class probabilities of the test images."
            ),
        ),
        (yielding("1"), f"train.py:train yields an int in epoch 1, {DICT}"),
        (
            yielding("{'training_loss': 1}"),
            f"train.py:train yields a dict without or with a wrong 'training_accuracy' in epoch 1, {DICT}",
        ),
        (yielding(METRICS.replace("2.0", "'x'")), f"train.py:train yields what is no number in epoch 1, {DICT}"),
        (
            yielding(METRICS.replace("0.5", "50")),
            (
                "train.py:train yields training_accuracy = 50 in epoch 1, expected a share from 0 to 1; divide percent "
                "by 100."
            ),
        ),
        (returning("None", "") + "    yield\n", f"train.py:train returns nothing, {SHAPE}."),
        (returning("np.ones((3, 10))"), f"train.py:train returns shape (3, 10), {SHAPE}."),
        (returning("'text'"), f"train.py:train returns a str, {SHAPE}."),
        (
            returning("np.full((len(request.test_images), 10), 2.0)"),
            (
                "train.py:train returns numbers that are no probabilities: row 0 adds up to 20, and the smallest "
                "number is 2. "
                "Logits become probabilities by softmax."
            ),
        ),
        (
            returning("np.full((len(request.test_images), 10), np.nan)"),
            f"train.py:train returns what is not finite, {SHAPE}.",
        ),
        (
            returning("1 / 0"),
            (
                "train.py:train fails after its last epoch: train.py, line 6, in train: ZeroDivisionError: division by "
                "zero"
            ),
        ),
        (
            "def train(request):\n    request.test_images[0] = 0\n    yield\n",
            (
                "train.py:train fails in epoch 1: train.py, line 2, in train: ValueError: assignment destination is "
                "read-only"
            ),
        ),
        (
            yielding(METRICS) + "    yield 1\n",
            "train.py:train yields more than 1 times; yield once in each of request.epochs epochs.",
        ),
        (
            "def train(request):\n    return\n    yield\n",
            (
                "train.py:train ended after 0 of 1 epochs; yield the metrics of each epoch, request.epochs times, "
                "before the "
                "return."
            ),
        ),
    ],
)
def test_what_is_wrong_with_a_function_is_said(text, sentence):
    """In one sentence, with file and line where there is one."""
    with pytest.raises(OwnCodeError) as caught:
        finish(FunctionEngine().start([own_run(text, epochs=1)], SPLIT), 1)

    assert str(caught.value) == sentence


def test_only_this_engine_trains_such_runs():
    """And none without a function; when to stop is up to the function."""
    run = own_run()
    without = run.specification.model_copy(update={"train": None})

    patient = run.specification.model_copy(update={"training": Training(patience=2)})

    assert FunctionEngine().unsupported(run.specification) is None
    assert FunctionEngine().unsupported(patient) == (
        "training.patience is left to the training function, which gets arguments"
    )
    mirrored = run.specification.model_copy(update={"training": Training(test_time_flip=True)})
    assert FunctionEngine().unsupported(mirrored) == (
        "training.test_time_flip is left to the training function, which gets arguments"
    )
    assert FunctionEngine().unsupported(without) == "there is no training function"
    assert TorchEngine().unsupported(run.specification) == BY_FUNCTION
    assert TransferEngine(weights=(), cache=None).unsupported(run.specification) == BY_FUNCTION
    if chosen_instruction_set() is not None:
        assert lanes_engine().unsupported(run.specification) == BY_FUNCTION
