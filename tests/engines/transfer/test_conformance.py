"""The engines for pretrained networks keep the contract that is published for engines of others."""

import pytest

from ceteris.datasets.cache import file_sha256
from ceteris.engines.transfer.engine import FineTuningEngine
from ceteris.testing.engines import EngineConformance
from tests.engines.transfer.test_training import TOGETHER


class TestHeads(EngineConformance):
    """Heads on kept features; products of other shapes are rounded otherwise."""

    tolerance = TOGETHER

    @pytest.fixture
    def runs(self, make_run):
        """Seeds and learning rates differ; with Adam's usual epsilon the sign of a gradient would move a weight."""
        return [make_run(seed, learning_rate=0.01 * (1 + seed), epsilon=0.01) for seed in range(3)]

    @pytest.fixture
    def refused(self, make_run):
        """A backbone that is trained too."""
        return [make_run(network={"train": "all"}).specification]

    @pytest.fixture
    def diverging(self, make_run):
        """A step that is far too long."""
        return make_run(7, learning_rate=1e38, epsilon=0.01)


class TestFineTuning(EngineConformance):
    """The last block and the head, one run at a time."""

    @pytest.fixture
    def engine(self, weights):
        """An engine that knows the weights."""
        return FineTuningEngine(weights=((file_sha256(weights), weights),))

    @pytest.fixture
    def runs(self, make_run):
        """Two seeds, two epochs."""
        return [make_run(seed, network={"train": "last 1 block"}, epochs=2) for seed in range(2)]

    @pytest.fixture
    def refused(self, make_run):
        """A backbone that is not trained."""
        return [make_run().specification]

    @pytest.fixture
    def diverging(self, make_run):
        """A step that is far too long."""
        return make_run(7, network={"train": "last 1 block"}, epochs=2, learning_rate=1e38)
