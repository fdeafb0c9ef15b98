import numpy as np
import pytest

from ceteris.datasets.checksum import file_sha256
from ceteris.engines.engine import PredictingEngine
from ceteris.engines.transfer import FineTuningEngine
from rounding import BACKBONE


@pytest.mark.parametrize(("train", "statistics"), [("head", "frozen"), ("last 2 blocks", "updated")])
def test_it_answers_as_the_run_did(engine, make_run, split, weights, train, statistics):
    """From pixels, through all of the backbone: what was frozen, what was fine-tuned, and the head."""
    trainer = engine if train == "head" else FineTuningEngine(weights=((file_sha256(weights), weights),))
    run = make_run(network={"train": train, "batch_norm": statistics}, epochs=1, learning_rate=0.001)
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
