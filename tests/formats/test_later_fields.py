"""A field that is added later renames no run that leaves it at its default."""

import json
from pathlib import Path
from typing import ClassVar

import pytest

from ceteris.datasets.choice import DataChoice
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.kinds import LAYER_KINDS
from ceteris.networks.network import Network
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.training import Training

FIELDS = json.loads((Path(__file__).parent / "fields-0.1.json").read_text())
KINDS = (BackboneNetwork, DataChoice, Network, Specification, Training, *LAYER_KINDS)


class LaterTraining(Training):
    """Training with a setting that version 0.1 did not have."""

    later: ClassVar[frozenset[str]] = Training.later | {"warm_up"}
    warm_up: int = 0


class LaterSpecification(Specification):
    """What decides the result of a run with such training."""

    training: LaterTraining


def digest(specification):
    """Give the digest of a run."""
    return Run(factor="f", variation="v", seed=1, specification=specification, data_digest="0" * 64).digest


def test_a_later_field_at_its_default_leaves_the_digest_as_it_was():
    """Only a value that changes the training makes another run."""
    rest = {"data": DataChoice(), "network": Network(layers=[{"dense": "classes"}])}
    known = digest(Specification(**rest, training=Training()))

    assert digest(LaterSpecification(**rest, training=LaterTraining())) == known
    assert digest(LaterSpecification(**rest, training=LaterTraining(warm_up=2))) != known


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_field_that_0_1_did_not_have_is_called_later(kind):
    """Or its runs would lose their names; a class that 0.1 did not have may begin with any fields."""
    if kind.__name__ in FIELDS:
        assert set(kind.model_fields) - kind.later == set(FIELDS[kind.__name__])
