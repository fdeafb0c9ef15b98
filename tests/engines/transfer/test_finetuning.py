import pickle

import numpy as np
import pytest
import torch

from ceteris.datasets.cache import file_sha256
from ceteris.engines.engine import PredictingEngine
from ceteris.engines.transfer.backbone import load_backbone
from ceteris.engines.transfer.engine import FineTuningEngine
from ceteris.networks.backbone import Backbone
from tests.rounding import BACKBONE

TOLERANCE = 1e-6
"""What a run that was interrupted and one that was not may differ by; one thread of a processor gives equal bits."""


@pytest.fixture
def tuning(weights):
    """An engine that knows the weights."""
    return FineTuningEngine(weights=((file_sha256(weights), weights),))


def finish(training, epochs):
    """Train to the end; give the metrics of each epoch and the outcome."""
    curve = []
    while training.position.epoch < epochs:
        metrics = training.advance()
        if metrics is not None:
            curve += metrics
    return curve, training.outcomes()[0]


def test_it_trains_what_the_heads_engine_does_not(tuning, engine, make_run):
    """Between the two, every way to train a backbone is covered once."""
    for train in ("head", "last 1 block", "all"):
        specification = make_run(network={"train": train}).specification
        assert (tuning.unsupported(specification) is None) != (engine.unsupported(specification) is None)
    assert tuning.unsupported(make_run().specification) == "the backbone is not trained"
    assert pickle.loads(pickle.dumps(tuning)) == tuning  # noqa: S301 - made here


def test_only_what_was_declared_is_trained(tuning, make_run, split, weights):
    """The last block and the head move; the statistics of batch norm stay, unless they are to be updated."""
    before = {
        f"backbone.{name}": array.numpy()
        for name, array in load_backbone(weights, Backbone.MOBILENET_V2).state_dict().items()
    }

    found = {}
    for batch_norm in ("frozen", "updated"):
        network = {"train": "last 1 block", "batch_norm": batch_norm}
        _, outcome = finish(tuning.start([make_run(epochs=1, network=network)], split), 1)
        found[batch_norm] = outcome.weights

    assert set(found["frozen"]) == {
        "backbone.18.0.weight",
        "backbone.18.1.weight",
        "backbone.18.1.bias",
        "head.0.weight",
        "head.0.bias",
    }
    assert set(found["updated"]) - set(found["frozen"]) == {"backbone.18.1.running_mean", "backbone.18.1.running_var"}
    for name in set(found["updated"]) & set(before):
        assert not np.array_equal(found["updated"][name], before[name]), name


def test_the_backbone_has_a_learning_rate_of_its_own(tuning, make_run, split, weights):
    """So small that nothing moves, while the head learns."""
    network = {"train": "last 1 block", "backbone_learning_rate": 1e-30}
    start = load_backbone(weights, Backbone.MOBILENET_V2).state_dict()["18.0.weight"].numpy()

    curve, outcome = finish(tuning.start([make_run(epochs=4, network=network)], split), 4)

    assert np.array_equal(outcome.weights["backbone.18.0.weight"], start)
    assert curve[-1].training_loss < curve[0].training_loss


def test_with_nothing_to_train_in_the_backbone_it_is_the_head_alone(tuning, engine, make_run, split):
    """A backbone that does not move gives the heads engine's result."""
    still = {"train": "last 1 block", "backbone_learning_rate": 1e-30}

    _, outcome = finish(tuning.start([make_run(epochs=2, network=still)], split), 2)
    _, head = finish(engine.start([make_run(epochs=2)], split), 2)

    # Six steps, in each of which features that are as far apart as float32 leaves them move the head.
    np.testing.assert_allclose(outcome.probabilities, head.probabilities, rtol=0, atol=6 * BACKBONE)


def test_an_interrupted_run_goes_on_where_it_stopped(tuning, make_run, split):
    """Flips, crops, dropout, statistics and moments: all of it is in the state or counted."""
    head = ({"dropout": 0.3}, {"dense": "classes"})
    network = {"train": "last 2 blocks", "batch_norm": "updated", "resolution": 64}
    run = make_run(head=head, network=network, epochs=2, flip=True, crop=2)
    _, expected = finish(tuning.start([run], split), 2)
    training = tuning.start([run], split)
    training.advance()
    states = training.states()

    _, resumed = finish(tuning.start([run], split, states), 2)

    np.testing.assert_allclose(resumed.probabilities, expected.probabilities, rtol=0, atol=TOLERANCE)
    for name, array in expected.weights.items():
        np.testing.assert_allclose(resumed.weights[name], array, rtol=0, atol=TOLERANCE)


def test_the_whole_network_learns(tuning, make_run, split):
    """Every block has a gradient, and the loss falls."""
    training = tuning.start([make_run(epochs=3, learning_rate=0.001, network={"train": "all"})], split)

    curve, outcome = finish(training, 3)

    assert curve[-1].training_loss < curve[0].training_loss
    assert sum(name.startswith("backbone.") for name in outcome.weights) == 52 * 3
    assert isinstance(training._network.frozen, torch.nn.Sequential)


@pytest.mark.parametrize(("train", "statistics"), [("head", "frozen"), ("last 2 blocks", "updated")])
def test_it_answers_as_the_run_did(engine, make_run, split, weights, train, statistics):
    """From pixels, through all of the backbone: what was frozen, what was fine-tuned, and the head."""
    trainer = engine if train == "head" else FineTuningEngine(weights=((file_sha256(weights), weights),))
    settings = {} if train == "head" else {"test_time_flip": True}
    run = make_run(network={"train": train, "batch_norm": statistics}, epochs=1, learning_rate=0.001, **settings)
    training = trainer.start([run], split)
    while training.position.epoch < 1:
        training.advance()
    outcome = training.outcomes()[0]

    predict = trainer.predictor(run, outcome.weights, split)

    assert isinstance(trainer, PredictingEngine)
    answers = np.stack([predict(image) for image in split.test.images])
    np.testing.assert_allclose(answers, outcome.probabilities, rtol=0, atol=BACKBONE)
    assert np.ptp(answers, axis=0).max() > 100 * BACKBONE, "what is the same for all would prove nothing"
    assert predict.pretrained_bytes == weights.stat().st_size
