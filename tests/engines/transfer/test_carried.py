"""Features that are computed in pieces, and what engines of backbones bring to another machine."""

from dataclasses import replace

import numpy as np

from ceteris.datasets.features import FeatureCache
from ceteris.engines.engine import Places
from ceteris.engines.transfer.carried import as_file, content_of
from ceteris.engines.transfer.engine import FineTuningEngine


class TwoPlaces(Places):
    """Computes the last piece first, here."""

    def __init__(self):
        self.pieces = []

    def cores(self):
        """Two."""
        return 2

    def compute(self, function, shared, pieces, *, needs):
        """Give the pieces in another order."""
        self.pieces += pieces
        for piece in reversed(pieces):
            yield piece, function(shared, piece)


def kept(cache):
    """Give the bytes of all features in a cache, by key."""
    return {path.parent.name: path.read_bytes() for path in cache.path.glob("*/features.npy")}


def test_features_that_several_places_compute_are_those_of_one(engine, make_run, split, tmp_path):
    """The same keys, and the same bytes under them."""
    runs, spread = [make_run(flip=True)], TwoPlaces()
    there = replace(engine, cache=FeatureCache(tmp_path / "there"))
    list(engine.prepare(runs, split))
    list(there.prepare(runs, split, spread))

    assert kept(there.cache).items() <= kept(engine.cache).items()  # which has those of other tests
    assert len(kept(there.cache)) == 4
    assert spread.pieces == [(0, 20), (0, 20), (0, 32), (32, 40), (0, 32), (32, 40)]


def test_a_head_is_trained_on_features_that_were_brought_along(engine, make_run, split):
    """Without a cache and without weights, to the bits of one that had both."""
    runs = [make_run(0), make_run(1)]
    carried = engine.carried(runs, split)
    with replace(engine, weights=engine.weights, cache=None).unpacked(carried) as there:
        trainings = [one.start(runs, split) for one in (engine, there)]
        for training in trainings:
            while training.position.epoch < runs[0].specification.training.epochs:
                training.advance()
        outcomes = [training.outcomes() for training in trainings]

    assert [one.test_loss for one in outcomes[0]] == [one.test_loss for one in outcomes[1]]
    assert all(np.array_equal(a.probabilities, b.probabilities) for a, b in zip(*outcomes, strict=True))


def test_a_file_that_was_brought_along_reads_as_it_was(weights):
    """It has no name in any folder."""
    with as_file(content_of(weights)) as there:
        assert there.read_bytes() == weights.read_bytes()


def test_fine_tuning_brings_the_weights_of_its_runs(engine, make_run, weights):
    """And only those."""
    digest = engine.weights[0][0]
    tuning = FineTuningEngine(weights=(*engine.weights, ("0" * 64, weights)))
    with tuning.unpacked(tuning.carried([make_run()], None)) as there:
        ((found, path),) = there.weights
        assert found == digest
        assert path.read_bytes() == weights.read_bytes()
