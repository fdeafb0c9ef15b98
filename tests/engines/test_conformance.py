"""The shipped engines keep the contract that is published for those of others."""

import pytest

from ceteris.engines.lanes.engine import LanesEngine
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.engines.torch.engine import TorchEngine
from ceteris.engines.torch.stacked.engine import StackedEngine
from ceteris.networks.backbone import BackboneNetwork
from ceteris.study.specification import Specification
from ceteris.testing.engines import EngineConformance
from ceteris.testing.miniature import FakeEngine, miniature_dataset, miniature_runs, miniature_split
from tests.engines.lanes.conftest import Maker

BACKBONE = Specification(
    data=Maker().run(0).specification.data, network=BackboneNetwork(backbone="mobilenet_v2"), training={}
)


class TestFake(EngineConformance):
    """The engine of the miniature study is one like any other."""

    @pytest.fixture
    def engine(self):
        """Give it with a seed that diverges."""
        return FakeEngine(diverging=frozenset({5}))

    @pytest.fixture
    def runs(self):
        """Three seeds of an arm."""
        return miniature_runs()[:3]

    @pytest.fixture
    def split(self):
        """The miniature images."""
        return miniature_split(miniature_dataset())

    @pytest.fixture
    def refused(self):
        """Momentum."""
        variation = [{"factor": "m", "name": "m", "set": {"training.optimizer": "sgd", "training.momentum": 0.5}}]
        return [miniature_runs(variation=variation)[-1].specification]

    @pytest.fixture
    def diverging(self):
        """Another seed."""
        return miniature_runs(seeds=6)[5]


class Layered(EngineConformance):
    """Runs of a small network of layers, in parts of one minibatch."""

    @pytest.fixture(autouse=True)
    def _small_parts(self, monkeypatch):
        for module in ("lanes.engine", "torch.training", "torch.joint.training"):
            monkeypatch.setattr(f"ceteris.engines.{module}.SLICE_SECONDS", 0.0)

    @pytest.fixture
    def runs(self):
        """Seeds and learning rates differ."""
        return [Maker().run(seed, learning_rate=0.01 * (1 + seed)) for seed in range(3)]

    @pytest.fixture
    def split(self):
        """Images of noise in three colours."""
        return Maker().split()

    @pytest.fixture
    def refused(self):
        """A pretrained network."""
        return [BACKBONE]

    @pytest.fixture
    def diverging(self):
        """A step that is far too long."""
        return Maker().run(7, learning_rate=1e38)


@pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")
class TestLanes(Layered):
    """The lanes engine gives the same bits."""

    @pytest.fixture
    def engine(self):
        """Give the widest build."""
        return LanesEngine(instruction_set=usable_instruction_sets()[0])


class TestTorch(Layered):
    """The PyTorch engine, one run at a time."""

    @pytest.fixture
    def engine(self):
        """Give it with one thread, which gives the same bits each time."""
        pytest.importorskip("torch")
        return TorchEngine()


class TestStacked(Layered):
    """The PyTorch engine, many runs at once."""

    tolerance = 1e-5

    @pytest.fixture
    def engine(self):
        """Give it in float32, as studies use it; `torch/stacked/test_every_kind.py` compares in float64."""
        pytest.importorskip("torch")
        return StackedEngine()
