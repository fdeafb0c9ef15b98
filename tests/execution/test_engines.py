import pytest

from ceteris.errors import EngineError
from ceteris.execution.engines import Assignment, assign
from ceteris.testing.miniature import FakeEngine, miniature_runs, miniature_study

RUNS = miniature_runs()
FAST, GENERAL = FakeEngine(name="fast"), FakeEngine(name="general", arithmetic="float64")


def with_momentum(*names: str):
    """Give the runs of a study with variations that the fake engine refuses."""
    variations = [
        {
            "factor": "momentum",
            "name": name,
            "set": {"training.optimizer": "sgd", "training.momentum": 0.1 * (rank + 1)},
        }
        for rank, name in enumerate(names)
    ]
    return miniature_study(variation=variations, seeds=2).runs("0" * 64)


class Willing(FakeEngine):
    """An engine that refuses nothing."""

    def unsupported(self, _specification) -> None:
        """Refuse nothing."""


WILLING = Willing(name="general")


def test_the_first_engine_trains_all_it_can():
    """Where it can train everything, there is nothing to say."""
    assert assign(RUNS, (FAST, GENERAL)) == Assignment(shares=((FAST, RUNS),), notes=())


def test_what_it_cannot_train_falls_to_the_next_and_is_told():
    """A fallback engine is never silent."""
    runs = with_momentum("a")
    assert assign(runs, (FAST, WILLING)) == Assignment(
        shares=((FAST, runs[:2]), (WILLING, runs[2:])),
        notes=("'a' is trained by the general engine; the fast engine cannot: it knows no momentum.",),
    )


def test_many_variations_share_one_note():
    """Three are named, the others counted."""
    assert assign(with_momentum("a", "b"), (FAST, WILLING)).notes == (
        "'a' and 'b' are trained by the general engine; the fast engine cannot: it knows no momentum.",
    )
    (note,) = assign(with_momentum("a", "b", "c", "d", "e"), (FAST, WILLING)).notes
    assert note == (
        "'a', 'b', 'c' and 2 more variations are trained by the general engine; "
        "the fast engine cannot: it knows no momentum."
    )


def test_a_batch_norm_that_is_left_one_image_is_told():
    """No engine trains it as it should; a smaller batch that leaves two images, and one after a pool, are not told."""
    layers = [{"max_pool": 8}, {"dense": 5}, {"batch_norm": True}, {"dense": "classes"}]
    runs = miniature_study(
        baseline={"network": {"layers": layers}, "training": {"learning_rate": 0.1, "batch_size": 8999}},
        variation=[
            {"factor": "batch", "name": "8998", "set": {"training.batch_size": 8998}},
            {"factor": "place", "name": "early", "remove": "network.layers.1"},
        ],
    ).runs("0" * 64)
    (note,) = assign(runs, (FAST,)).notes
    assert note == (
        "'baseline': the last minibatch of an epoch is one image (9,000 images, batch_size 8999), and batch_norm in "
        "layer 3 sees no variance in it: the lanes engine makes its values 0 there, the torch engine refuses to train "
        "it. Choose another batch_size."
    )


def test_a_run_that_nobody_can_train_is_an_error():
    """It names the variation, and why each engine refuses."""
    with pytest.raises(EngineError) as error:
        assign(with_momentum("a"), (FAST, GENERAL))
    assert str(error.value) == (
        "nothing here can train 'a': the fast engine cannot: it knows no momentum; "
        "the general engine cannot: it knows no momentum. Change the variation, or leave it out."
    )
