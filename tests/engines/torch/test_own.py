"""Modules of the user's own in training."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from ceteris.datasets.choice import DataChoice
from ceteris.engines.torch.engine import TorchEngine
from ceteris.networks.own_module import ModuleNetwork
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.training import Training
from ceteris.usercode.load import OwnCodeError

NET = """
import random

import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, classes, image_shape, width=4):
        super().__init__()
        channels, height, rows = image_shape
        self.body = nn.Sequential(nn.Conv2d(channels, width, 3), nn.BatchNorm2d(width), nn.ReLU(), nn.Dropout(0.2))
        self.head = nn.LazyLinear(classes)
        self.register_buffer("seen", torch.zeros(()), persistent=False)

    def forward(self, images):
        if self.training:
            self.seen += len(images)
            images = images + 0.01 * random.random() * np.random.rand() * torch.rand(())
        return self.head(self.body(images).view(len(images), -1))
"""


def own_run(text=NET, *, name="Net", seed=7, arguments=(), **training):
    """Give a run of a module whose file is a text."""
    settings = Training.model_validate({"batch_size": 16, "epochs": 2, "learning_rate": 0.01} | training)
    network = ModuleNetwork(module=f"nets.py:{name}", arguments=dict(arguments), code={"nets.py": text})
    specification = Specification(data=DataChoice(), network=network, training=settings)
    return Run(factor="width", variation="narrow", seed=seed, specification=specification, data_digest="0" * 64)


def bytes_of(arrays):
    """Give arrays as bytes, to compare every bit."""
    return {name: array.tobytes() for name, array in arrays.items()}


def finish(packed, epochs=2):
    """Train to the end, and give the outcome."""
    while packed.position.epoch < epochs:
        packed.advance()
    return packed.outcomes()[0]


def test_a_module_learns_and_leaves_its_state_under_its_own_names(split):
    """It is given classes and the shape of the images, and the weights fit into it by `load_state_dict`."""
    packed = TorchEngine().start([own_run(epochs=12)], split)
    outcome = finish(packed, 12)

    assert outcome.test_accuracy > 0.9
    assert outcome.probabilities.shape == (21, 3)
    assert outcome.weights["body.0.weight"].shape == (4, 3, 3, 3)
    assert outcome.weights["body.1.num_batches_tracked"] == 12 * 5
    assert packed.parameters == 4 * 27 + 4 + 8 + 3 * 4 * 49 + 3


def test_the_seed_decides_all_that_a_module_draws(split):
    """Initial weights, dropout, and what it draws from NumPy and Python; another seed gives others."""
    first, again = (bytes_of(finish(TorchEngine().start([own_run()], split)).weights) for _ in range(2))
    other = bytes_of(finish(TorchEngine().start([own_run(seed=8)], split)).weights)

    assert first == again
    assert first["body.0.weight"] != other["body.0.weight"]


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_an_interrupted_run_gives_the_same_bits(split, decay):
    """Resumed after the second minibatch: with moments, statistics, averages, and buffers not stored with weights."""
    engine, run = TorchEngine(), own_run(average_decay=decay)
    whole = engine.start([run], split)
    part = engine.start([run], split)
    part.advance(seconds=0)
    part.advance(seconds=0)
    resumed = engine.start([run], split, part.states())

    assert float(resumed._network.module.seen) == 32
    assert bytes_of(finish(resumed).weights) == bytes_of(finish(whole).weights)


def test_the_programs_own_random_numbers_are_left_alone(split):
    """Whoever draws from the global generators beside a run draws what it would have drawn."""
    drawn = []
    for trains in (False, True):
        torch.manual_seed(1)
        np.random.seed(1)  # noqa: NPY002 - what is tested
        random.seed(1)
        if trains:
            TorchEngine().start([own_run()], split).advance()
        drawn.append((torch.rand(()), np.random.rand(), random.random()))  # noqa: NPY002, S311 - likewise

    assert drawn[0] == drawn[1]


def test_the_engine_tells_whether_a_seed_decides_all(split):
    """A module that keeps a count in Python draws by it what no seed decides."""
    state = NET.replace("random.random()", "torch.Generator().seed() % 1000 / 1000")

    assert TorchEngine().repeats(own_run(), split)
    assert not TorchEngine().repeats(own_run(state), split)


@pytest.mark.parametrize("flip", [False, True])
def test_a_finished_module_predicts_what_it_was_scored_with(split, flip):
    """Image by image, with the stored weights, averaged with the mirror image where the study says so."""
    run = own_run(test_time_flip=flip)
    outcome = finish(TorchEngine().start([run], split))
    predictor = TorchEngine().predictor(run, outcome.weights, split)

    np.testing.assert_allclose(predictor(split.test.images[3]), outcome.probabilities[3], atol=1e-5)


def test_what_a_module_prints_is_kept(split, capsys):
    """And does not write into a display."""
    packed = TorchEngine().start(
        [own_run("print('loaded')\n" + NET.replace("if self", "print('step')\n        if self"))], split
    )
    packed.advance()

    assert packed.printed().startswith("loaded\nstep\nstep\n")
    assert capsys.readouterr().out == ""


HEAD = "import torch\nfrom torch import nn\n\n\n"
LINEAR = """class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.head = nn.Linear(243, {})

    def forward(self, images):
        return {}
"""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Net = 8\n", "nets.py:Net is an int, expected a class or a function that gives a module."),
        ("def Net():\n    return {}\n", "nets.py:Net gives a dict, expected a torch.nn.Module."),
        (
            HEAD + "class Net(nn.Module):\n    def forward(self, images):\n        return images.flatten(1)[:, :3]\n",
            (
                "nets.py:Net has no parameters to train; layers belong into attributes of the module, lists of them "
                "into "
                "torch.nn.ModuleList."
            ),
        ),
        (
            HEAD + LINEAR.format("5", "self.head(images.flatten(1))"),
            (
                "nets.py:Net gives shape (2, 5) for 2 images, expected a tensor of shape (2, 3): a logit for each of 3 "
                "classes, without softmax."
            ),
        ),
        (
            HEAD + LINEAR.format("classes", "None"),
            (
                "nets.py:Net gives None for 2 images, expected a tensor of shape (2, 3): a logit for each of 3 "
                "classes, "
                "without softmax."
            ),
        ),
        (
            HEAD + LINEAR.format("classes", "self.head(images.flatten(1)).argmax(1, keepdim=True).repeat(1, 3)"),
            "nets.py:Net gives numbers of torch.int64, expected floating point.",
        ),
        (
            HEAD + LINEAR.format("classes", "self.head(images)"),
            (
                "nets.py:Net fails on images: nets.py, line 11, in forward: RuntimeError: mat1 and mat2 shapes "
                "cannot be "
                "multiplied (54x9 and 243x3)"
            ),
        ),
        (
            HEAD + "class Net(nn.Module):\n    def __init__(self, width):\n        super().__init__()\n",
            (
                "nets.py:Net cannot be called with nothing: missing a required argument: 'width'. It takes width; "
                "change network.arguments."
            ),
        ),
    ],
)
def test_what_cannot_be_trained_is_said_before_it_trains(split, text, sentence):
    """In one sentence, with file and line where there is one."""
    with pytest.raises(OwnCodeError) as caught:
        TorchEngine().start([own_run(text)], split)

    assert str(caught.value) == sentence


def test_a_module_for_images_in_colour_refuses_grey_ones(split):
    """With PyTorch's own words, and the line of the module."""
    parts = {name: getattr(split, name) for name in ("training", "validation", "test")}
    parts = {name: replace(one, images=one.images[..., :1].copy()) for name, one in parts.items()}
    grey = replace(split, **parts, scale=split.scale[:1], offset=split.offset[:1])
    text = HEAD + LINEAR.replace("nn.Linear(243, {})", "nn.Conv2d(3, 3, 9)").format("self.head(images).flatten(1)")
    with pytest.raises(OwnCodeError) as caught:
        TorchEngine().start([own_run(text)], grey)

    assert str(caught.value) == (
        "nets.py:Net fails on images: nets.py, line 11, in forward: RuntimeError: Given groups=1, weight of size "
        "[3, 3, 9, 9], expected input[2, 1, 9, 9] to have 3 channels, but got 1 channels instead"
    )


def test_a_module_that_fails_in_training_is_told_with_its_line(split):
    """Only there: in the trial it is not in training mode."""
    text = HEAD + LINEAR.format("classes", "self.head(images.flatten(1)) if not self.training else self.absent")
    packed = TorchEngine().start([own_run(text)], split)
    with pytest.raises(OwnCodeError) as caught:
        packed.advance()

    assert str(caught.value) == (
        "nets.py:Net fails on images: nets.py, line 11, in forward: AttributeError: 'Net' object has no attribute "
        "'absent'"
    )
    assert 'File "nets.py", line 11, in forward' in caught.value.trace
