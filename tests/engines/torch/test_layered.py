import numpy as np

from ceteris.engines.torch.engine import TorchEngine
from ceteris.networks.activation import Activation
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.dropout import Dropout
from tests.rounding import rounding

LAYERS = (
    BatchNorm(batch_norm=True),
    Convolution(conv=4, kernel=3, activation=Activation.LEAKY_RELU),
    Dropout(dropout=0.25),
    Dense(dense="classes"),
)


def test_it_answers_as_the_run_did(make_run, split):
    """The network that is timed is the one that was trained: shown one by one, test images get the same answers."""
    run = make_run(LAYERS, epochs=2)
    training = TorchEngine().start([run], split)
    while training.position.epoch < 2:
        training.advance()
    outcome = training.outcomes()[0]

    predict = TorchEngine().predictor(run, outcome.weights, split)

    answers = np.stack([predict(image) for image in split.test.images])
    # Sums of 27 and of 196 products, which add up to less than 10; softmax halves an error, and two results have one.
    np.testing.assert_allclose(answers, outcome.probabilities, rtol=0, atol=rounding(27 + 196, 10))
    assert np.ptp(answers, axis=0).max() > 100 * rounding(27 + 196, 10), "what is the same for all would prove nothing"
    assert predict.pretrained_bytes == 0
