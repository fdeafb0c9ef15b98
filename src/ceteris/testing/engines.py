"""What every engine must do, as tests: write one class in a test file, and pytest runs them against yours."""

import math
import pickle
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import Split
from ceteris.engines.engine import Engine, EpochMetrics, Outcome, PackedTraining, Position, RunState
from ceteris.execution.packing import pack
from ceteris.results.record import diverged_epoch
from ceteris.study.run import Run
from ceteris.study.specification import Specification
from ceteris.training.stopping import best_epoch

Numbers = Sequence[float] | NDArray[np.float32]


class EngineConformance:
    """The contract of `ceteris.engines.engine.Engine`. A subclass, in a test file, gives these pytest fixtures.

    `engine`: The engine. `runs`: From 2 to `engine.packed_runs` + 1 runs with one packing key and at least two epochs,
    which differ in their seeds at least. `split`: Their images. `refused`: Specifications that it does not support;
    may be empty. `diverging`: A run whose loss does not stay finite, with the packing key of the others; or None.

    Attributes:
        tolerance: What two results of one run may differ by, where the engine does not give the same bits in every
            packed batch.

    Example:
        ```python
        class TestMine(EngineConformance):
            @pytest.fixture
            def engine(self):
                return MyEngine()
        ```
    """

    tolerance: float = 0.0

    def test_what_it_does_not_support_it_says(
        self, engine: Engine, runs: Sequence[Run], refused: Sequence[Specification]
    ) -> None:
        """It gives a reason, as the end of a sentence, for what it refuses, and None for what it trains."""
        assert all(engine.unsupported(run.specification) is None for run in runs)
        for specification in refused:
            reason = engine.unsupported(specification)
            assert reason
            assert not reason.endswith(".")
            assert not reason.startswith(" ")

    def test_seeds_do_not_decide_what_is_packed_together(self, engine: Engine, runs: Sequence[Run]) -> None:
        """Runs that the key allows are packed together, up to as many as the engine says."""
        assert engine.packed_runs == 1 or len({engine.packing_key(run.specification) for run in runs}) == 1
        batches = pack(runs, engine)
        assert len(batches) == math.ceil(len(runs) / engine.packed_runs)
        assert sorted(run.digest for batch in batches for run in batch.runs) == sorted(run.digest for run in runs)

    def test_it_says_what_a_packed_batch_takes(self, engine: Engine, runs: Sequence[Run], split: Split) -> None:
        """Memory and cores are positive, and more runs take no less memory."""
        one, all_ = (engine.requirements(runs[0].specification, split.kind, count) for count in (1, engine.packed_runs))
        assert 0 < one.memory <= all_.memory
        assert one.cores >= 1
        assert one.device

    def test_it_is_a_value(self, engine: Engine) -> None:
        """It can be sent to another process, and says there who it is and what decides its last bits and its speed."""
        there = pickle.loads(pickle.dumps(engine))  # noqa: S301 - made here
        assert (there.name, there.arithmetic, there.facts) == (engine.name, engine.arithmetic, engine.facts)
        assert engine.name
        assert engine.arithmetic

    def test_epochs_come_in_order(self, engine: Engine, runs: Sequence[Run], split: Split) -> None:
        """No call crosses the end of an epoch, each epoch gives its metrics once, and these are numbers in range."""
        packed = runs[: engine.packed_runs]
        training = engine.start(packed, split)
        assert training.position == Position()
        ended = []
        while training.position.epoch < packed[0].specification.training.epochs:
            before = training.position
            metrics = training.advance()
            assert training.position > before
            assert (metrics is not None) == (training.position.epoch > before.epoch)
            if metrics is not None:
                assert training.position == Position(epoch=before.epoch + 1)
                assert len(metrics) == len(packed)
                ended.append(metrics)
        for number, metrics in enumerate(ended, start=1):
            for own in metrics:
                assert own.epoch == number
                assert math.isfinite(own.training_loss)
                assert math.isfinite(own.validation_loss)
                assert 0 <= own.training_accuracy <= 1
                assert 0 <= own.validation_accuracy <= 1

    def test_the_outcome_is_what_the_network_says(self, engine: Engine, runs: Sequence[Run], split: Split) -> None:
        """Probabilities of the test images, the share that is right, and weights under the names of the network."""
        (outcome, *_), _ = _finished(engine, runs[:1], split)
        assert outcome.probabilities.dtype == np.float32
        assert outcome.probabilities.shape == (len(split.test), split.classes)
        assert np.allclose(outcome.probabilities.sum(axis=1), 1, atol=1e-4)
        right = (outcome.probabilities.argmax(axis=1) == split.test.labels).mean()
        assert abs(outcome.test_accuracy - right) <= 1 / len(split.test)
        assert math.isfinite(outcome.test_loss)
        assert outcome.weights
        assert all(array.dtype == np.float32 for array in outcome.weights.values())

    def test_a_run_is_the_same_alone_and_together(self, engine: Engine, runs: Sequence[Run], split: Split) -> None:
        """Its result depends on its specification and its seed, not on the packed batch; other seeds differ."""
        packed = runs[: engine.packed_runs]
        outcomes, epochs = _finished(engine, packed, split)
        for place, run in enumerate(packed):
            (alone,), alone_epochs = _finished(engine, [run], split)
            self._same(alone, outcomes[place])
            self._same_epochs([one[0] for one in alone_epochs], [one[place] for one in epochs])
        (other,), _ = _finished(engine, [runs[-1]], split)
        assert not np.array_equal(other.probabilities, outcomes[0].probabilities)

    def test_an_interrupted_run_goes_on_where_it_stopped(
        self, engine: Engine, runs: Sequence[Run], split: Split
    ) -> None:
        """After each part that `advance` trains, the states are all that another training needs; they are copies."""
        packed = runs[: engine.packed_runs]
        outcomes, epochs = _finished(engine, packed, split)
        training = engine.start(packed, split)
        known: list[tuple[EpochMetrics, ...]] = []
        while training.position.epoch < packed[0].specification.training.epochs:
            known += [] if (metrics := training.advance()) is None else [metrics]
            states = tuple(_copy(state) for state in training.states())
            kept = training.states()
            assert all(state.position == training.position for state in states)
            resumed, rest = _finished(engine, packed, split, states)
            for place, outcome in enumerate(resumed):
                self._same(outcome, outcomes[place])
                self._same_epochs([one[place] for one in (*known, *rest)], [one[place] for one in epochs])
            for before, state in zip(states, kept, strict=True):
                assert all(np.array_equal(before.arrays[name], array) for name, array in state.arrays.items())

    def test_a_run_may_end_before_the_others(self, engine: Engine, runs: Sequence[Run], split: Split) -> None:
        """Scoring some runs after an epoch gives what they are then, and changes nothing of the packed batch."""
        packed = runs[: engine.packed_runs]
        outcomes, epochs = _finished(engine, packed, split)
        training = engine.start(packed, split)
        known: list[tuple[EpochMetrics, ...]] = []
        while not known:
            known += [] if (metrics := training.advance()) is None else [metrics]
        (early,) = training.outcomes([len(packed) - 1])
        (same,) = training.outcomes([len(packed) - 1])
        rest, later = _finished(engine, packed, split, training.states())
        self._same(early, same)
        for place, outcome in enumerate(rest):
            self._same(outcome, outcomes[place])
            self._same_epochs([one[place] for one in (*known, *later)], [one[place] for one in epochs])
        assert training.outcomes([]) == ()

    def test_the_best_epoch_is_scored_where_a_study_asks_for_it(
        self, engine: Engine, runs: Sequence[Run], split: Split
    ) -> None:
        """The outcome is that of a run which ends after the epoch with the lowest validation loss, also if resumed."""
        usual = runs[: engine.packed_runs]
        best = [_with_training(run, scored_epoch="best") for run in usual]
        if engine.unsupported(best[0].specification) is not None:
            return
        training = engine.start(usual, split)
        ends: list[tuple[Outcome, ...]] = []
        while training.position.epoch < usual[0].specification.training.epochs:
            ends += [] if training.advance() is None else [training.outcomes()]
        found, epochs = _finished(engine, best, split)
        training = engine.start(best, split)
        while training.advance() is None:
            pass
        resumed, _ = _finished(engine, best, split, tuple(_copy(state) for state in training.states()))
        for place, outcome in enumerate(found):
            chosen = best_epoch([one[place].validation_loss for one in epochs])
            self._same(outcome, ends[chosen - 1][place])
            self._same(resumed[place], outcome)

    def test_mirror_images_count_as_much_where_a_study_asks_for_it(
        self, engine: Engine, runs: Sequence[Run], split: Split
    ) -> None:
        """Class probabilities are the mean of both and the loss is theirs; training and neighbours stay as they are."""
        usual = runs[: engine.packed_runs]
        asked = [_with_training(run, test_time_flip=True) for run in usual]
        if engine.unsupported(asked[0].specification) is not None:
            return
        mirror = replace(split.test, images=np.ascontiguousarray(split.test.images[:, :, ::-1]))
        plain, _ = _finished(engine, usual, split)
        mirrored, _ = _finished(engine, usual, replace(split, test=mirror))
        found, epochs = _finished(engine, asked, split)
        (first, *others), _ = _finished(engine, [asked[0], *usual[1:]], split)
        images = np.arange(len(split.test))
        for place, own in enumerate(found):
            mean = (plain[place].probabilities + mirrored[place].probabilities) / 2
            # Of float32, in a few roundings: a sum of exponentials, a quotient, and the logarithm of a mean.
            off = self.tolerance + 2.0**-20
            np.testing.assert_allclose(own.probabilities, mean, rtol=0, atol=off)
            shares = mean[images, split.test.labels]
            assert abs(own.test_loss + np.log(shares).mean()) <= (off / shares).mean() + 2.0**-20 * own.test_loss
            assert abs(own.test_accuracy - (mean.argmax(axis=1) == split.test.labels).mean()) <= 1 / len(split.test)
            assert not np.array_equal(own.probabilities, plain[place].probabilities)
            for name, array in plain[place].weights.items():
                self._close(own.weights[name], array)
        both = replace(split, test=split.validation)
        (validated, *_), _ = _finished(engine, asked, both)
        assert abs(validated.test_loss - epochs[-1][0].validation_loss) <= self.tolerance + 1e-9 * validated.test_loss
        self._same(first, found[0])
        for outcome, expected in zip(others, plain[1:], strict=True):
            self._same(outcome, expected)

    def test_a_run_that_diverges_is_a_result(
        self, engine: Engine, runs: Sequence[Run], split: Split, diverging: Run | None
    ) -> None:
        """A loss that is not finite is reported as one, without an error, and its neighbour learns on."""
        if diverging is None:
            return
        packed = (runs[0], diverging) if engine.packed_runs > 1 else (diverging,)
        outcomes, epochs = _finished(engine, packed, split)
        assert diverged_epoch([one[-1] for one in epochs]) is not None
        assert not any(math.isinf(one[-1].training_accuracy) for one in epochs)
        if len(packed) > 1:
            (alone,), _ = _finished(engine, [runs[0]], split)
            self._same(outcomes[0], alone)

    def _same(self, found: Outcome, expected: Outcome) -> None:
        assert found.weights.keys() == expected.weights.keys()
        self._close(found.probabilities, expected.probabilities)
        self._close([found.test_loss], [expected.test_loss])
        for name, array in expected.weights.items():
            self._close(found.weights[name], array)

    def _same_epochs(self, found: Sequence[EpochMetrics], expected: Sequence[EpochMetrics]) -> None:
        assert [one.epoch for one in found] == [one.epoch for one in expected]
        self._close([one.training_loss for one in found], [one.training_loss for one in expected])
        self._close([one.validation_loss for one in found], [one.validation_loss for one in expected])

    def _close(self, found: Numbers, expected: Numbers) -> None:
        np.testing.assert_allclose(found, expected, rtol=0, atol=self.tolerance)


def _finished(
    engine: Engine, runs: Sequence[Run], split: Split, states: Sequence[RunState] | None = None
) -> tuple[tuple[Outcome, ...], list[tuple[EpochMetrics, ...]]]:
    """Train runs to their end; give their outcomes, and what each epoch came to."""
    training: PackedTraining = engine.start(runs, split, states)
    epochs = []
    while training.position.epoch < runs[0].specification.training.epochs:
        if (metrics := training.advance()) is not None:
            epochs.append(metrics)
    return training.outcomes(), epochs


def _with_training(run: Run, **settings: object) -> Run:
    training = run.specification.training.model_copy(update=settings)
    return replace(run, specification=run.specification.model_copy(update={"training": training}))


def _copy(state: RunState) -> RunState:
    return RunState(position=state.position, arrays={name: array.copy() for name, array in state.arrays.items()})
