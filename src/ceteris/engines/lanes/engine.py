"""The lanes engine: up to sixteen runs in the SIMD lanes of one core, each with the bits it would have alone."""

import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ceteris.datasets.dataset import ImageKind, Split
from ceteris.engines.augmentation import plain_views, views
from ceteris.engines.average import average_arrays, with_average
from ceteris.engines.best_epoch import BestEpoch, scored_weights
from ceteris.engines.engine import (
    SLICE_SECONDS,
    EpochMetrics,
    Outcome,
    PortableEngine,
    Position,
    RunState,
    SpreadTraining,
    mean_loss_and_accuracy,
)
from ceteris.engines.lanes.kernels import (
    CompiledBank,
    FlatLayout,
    InstructionSet,
    chosen_instruction_set,
    layout,
    load_kernels,
    pack,
    packing_key,
    unpack,
    unsupported,
)
from ceteris.engines.streams import initial_weights, sampled_indices, sampling_order, stream_key
from ceteris.errors import EngineError
from ceteris.networks.convolution import Convolution
from ceteris.networks.cost import network_cost
from ceteris.networks.network import Network
from ceteris.networks.placed import PlacedLayer, every_layer, placed_layers
from ceteris.networks.shape import Shape
from ceteris.resources import Requirements
from ceteris.study.run import Run
from ceteris.study.specification import Specification


@dataclass(frozen=True, kw_only=True)
class LanesEngine(PortableEngine):
    """Trains small networks on the CPU, sixteen runs a core.

    Runs share a packed batch if they have the same network but for drop-out rates, batch size, epochs and optimizer;
    seed, learning rate and its schedule, momentum, betas, weight decay, drop-out rate, augmentation, patience, scored
    epoch and test-time flip are each run's own.

    Attributes:
        instruction_set: Which build of the kernels to use; builds with fused multiply-add give the same bits.
    """

    instruction_set: InstructionSet

    name: ClassVar[str] = "lanes"
    packed_runs: ClassVar[int] = 16  # On every processor, so that packed batches do not depend on it.
    threaded: ClassVar[bool] = True  # The kernels release the interpreter lock.

    @property
    def arithmetic(self) -> str:
        """What decides the bits besides specification and seed: whether multiply-add rounds once."""
        return "float32, fused multiply-add" if load_kernels(self.instruction_set).fused else "float32"

    @property
    def facts(self) -> dict[str, str]:
        """Which build of the kernels is at work."""
        return {"instruction set": self.instruction_set.label}

    def here(self) -> "LanesEngine":
        """Give the engine with the widest kernels of this machine."""
        return lanes_engine()

    def unsupported(self, specification: Specification) -> str | None:
        """Say why this engine cannot train a specification, or None if it can."""
        return unsupported(specification, self.instruction_set)

    def packing_key(self, specification: Specification) -> Hashable:
        """Everything of a specification that all lanes of a packed batch must share."""
        return packing_key(specification, self.instruction_set)

    def requirements(self, specification: Specification, images: ImageKind, runs: int) -> Requirements:
        """Count weights and moments, and what the kernels keep of a minibatch, each for sixteen lanes."""
        network = _layered(specification)
        placed = placed_layers(network, images.shape, images.classes)
        bank = load_kernels(self.instruction_set).Bank(
            image=(images.shape.height, images.shape.width, images.shape.channels),
            runs=self.packed_runs,
            batch_size=specification.training.batch_size,
        )
        _add_layers(bank, [placed] * self.packed_runs, seeds=[0] * self.packed_runs)
        parameters = network_cost(network, images.shape, images.classes).parameters
        # Weights go in and out as arrays, and so do the predictions; those of a best epoch are kept besides.
        copies = 4 if specification.training.scored_epoch == "best" else 3
        lanes = 5 if specification.training.average_decay else 4  # with gradients and moments
        answers = images.test_images * images.classes
        arrays = lanes * self.packed_runs * parameters + runs * (copies * parameters + answers)
        # `Bank.memory` counts three packed copies of all parameters, which only convolutions keep.
        unpacked = sum(
            layer.parameter_count
            for layer in every_layer(network, images.shape, images.classes)
            if not layer.branches and not isinstance(layer.layer, Convolution)
        )
        return Requirements(
            memory=bank.memory() + 4 * (arrays - 3 * self.packed_runs * unpacked),
            most_cores=specification.training.batch_size,
        )

    def start(self, runs: Sequence[Run], split: Split, states: Sequence[RunState] | None = None) -> "LanesTraining":
        """Begin to train up to sixteen runs with one packing key, from initial weights or from where they stopped."""
        assert 1 <= len(runs) <= LanesEngine.packed_runs
        assert len({self.packing_key(run.specification) for run in runs}) == 1
        image = Shape(*split.training.images.shape[1:])
        network = _layered(runs[0].specification)
        bank = _build(self.instruction_set, runs, image, split.classes)
        training = LanesTraining(
            runs=tuple(runs), split=split, bank=bank, layout=layout(network, image, split.classes), position=Position()
        )
        if states is None:
            training.begin([initial_weights(run.specification.network, image, split.classes, run.seed) for run in runs])
        else:
            training.restore(states)
        return training


def lanes_engine() -> LanesEngine:
    """Give the engine with the widest kernels that this installation has and this processor runs.

    Raises:
        EngineError: If no kernels were compiled, or `CETERIS_ISA` asks for some that cannot be used.
    """
    chosen = chosen_instruction_set()
    if chosen is None:
        raise EngineError(
            "the lanes engine was not compiled, because no C++ compiler was found when ceteris was installed. Install "
            "GCC or Clang and reinstall ceteris, or use --engine torch, which is many times slower."
        )
    return LanesEngine(instruction_set=chosen)


@dataclass(kw_only=True)
class LanesTraining(SpreadTraining):
    """A packed batch in training; see `engines.engine.PackedTraining`."""

    runs: tuple[Run, ...]
    split: Split
    bank: CompiledBank
    layout: FlatLayout
    position: Position
    _loss: list[float] = field(default_factory=list)
    _correct: list[int] = field(default_factory=list)
    _steps_a_slice: int = 1
    _places: tuple[NDArray[np.int32], ...] = ()
    _best: list[BestEpoch | None] = field(default_factory=list)
    _order: NDArray[np.int32] | None = None
    _views: NDArray[np.int16] | None = None
    _factors: NDArray[np.float64] | None = None

    @property
    def sampled_images(self) -> int:
        """Images that each run samples in an epoch."""
        return len(self._places[0])

    @property
    def steps_an_epoch(self) -> int:
        """Minibatches in an epoch, the last one possibly smaller."""
        return self.runs[0].specification.training.length(self.sampled_images).steps

    def __post_init__(self) -> None:
        """Choose the images of each run."""
        labels, classes = self.split.training.labels, self.split.classes
        self._best = [BestEpoch.of(run, None) for run in self.runs]
        self._places = tuple(sampled_indices(run, labels, classes=classes) for run in self.runs)

    @property
    def cores(self) -> int:
        """On how many cores it trains; see `SpreadTraining`."""
        return self.bank.threads

    def spread(self, cores: int) -> None:
        """Train on so many cores from here on, each with some images of a minibatch."""
        self.bank.threads = cores

    def begin(self, weights: Sequence[Mapping[str, NDArray[np.generic]]]) -> None:
        """Put initial weights in place."""
        self._put(weights)
        self._loss, self._correct = [0.0] * len(self.runs), [0] * len(self.runs)

    def restore(self, states: Sequence[RunState]) -> None:
        """Put everything back where `states` found it."""
        assert len({state.position for state in states}) == 1
        self.begin([state.arrays for state in states])
        if self._averaged:
            self._put([with_average(state.arrays) for state in states], ("averages", "averaged_statistics"))
        for kind in ("first_moments", "second_moments"):
            self.bank.write(kind, np.stack([pack(self.layout.trained, state.arrays, f"{kind}.") for state in states]))
        self.position = states[0].position
        self.bank.steps = self.position.epoch * self.steps_an_epoch + self.position.step
        self._loss = [float(state.arrays["epoch.loss"][0]) for state in states]
        self._correct = [int(state.arrays["epoch.correct"][0]) for state in states]
        self._best = [BestEpoch.of(run, state.arrays) for run, state in zip(self.runs, states, strict=True)]

    def advance(self) -> tuple[EpochMetrics, ...] | None:
        """Train for about a quarter of a second; see `PackedTraining.advance`."""
        self._prepare_epoch()
        assert self._order is not None
        assert self._factors is not None
        steps = min(self._steps_a_slice, self.steps_an_epoch - self.position.step)
        start = time.perf_counter()
        sums = self.bank.train(
            images=self.split.training.images,
            labels=self.split.training.labels,
            scale=self.split.scale,
            offset=self.split.offset,
            order=self._order,
            views=self._views,
            factors=self._factors,
            epoch=self.position.epoch,
            first_step=self.position.step,
            steps=steps,
        )
        seconds = max(time.perf_counter() - start, 1e-6)
        self._steps_a_slice = max(1, int(steps * SLICE_SECONDS / seconds))
        for run, (loss, correct) in enumerate(sums):
            self._loss[run] += loss
            self._correct[run] += correct
        self.position = Position(epoch=self.position.epoch, step=self.position.step + steps)
        return self._end_epoch() if self.position.step == self.steps_an_epoch else None

    def states(self) -> tuple[RunState, ...]:
        """Copy what each run needs to go on from here."""
        weights, statistics = self.bank.read("weights"), self.bank.read("statistics")
        first, second = self.bank.read("first_moments"), self.bank.read("second_moments")
        averages = self._weights() if self._averaged else []
        return tuple(
            RunState(
                position=self.position,
                arrays={
                    **unpack(self.layout.trained, weights[run]),
                    **unpack(self.layout.statistics, statistics[run]),
                    **unpack(self.layout.trained, first[run], "first_moments."),
                    **unpack(self.layout.trained, second[run], "second_moments."),
                    **(average_arrays(averages[run]) if run in self._averaged else {}),
                    "epoch.loss": np.array([self._loss[run]], np.float64),
                    "epoch.correct": np.array([self._correct[run]], np.int64),
                    **(best.arrays if (best := self._best[run]) else {}),
                },
            )
            for run in range(len(self.runs))
        )

    def outcomes(self, runs: Sequence[int] | None = None) -> tuple[Outcome, ...]:
        """Score the test images, once for each run; see `PackedTraining.outcomes`."""
        chosen = range(len(self.runs)) if runs is None else runs
        test, present = self.split.test, self._present()
        scored = [scored_weights(best, own) for best, own in zip(self._best, self._weights(), strict=True)]
        self._put(scored)
        probabilities, sums = self.bank.predict(test.images, test.labels, self.split.scale, self.split.offset)
        self._put(present)
        means = [mean_loss_and_accuracy(loss, correct, len(test)) for loss, correct in sums]
        return tuple(
            Outcome(
                probabilities=probabilities[run],
                test_loss=means[run][0],
                test_accuracy=means[run][1],
                weights={name: np.asarray(array, np.float32) for name, array in scored[run].items()},
            )
            for run in chosen
        )

    @property
    def _averaged(self) -> frozenset[int]:
        """Which runs average their weights."""
        return frozenset(i for i, run in enumerate(self.runs) if run.specification.training.average_decay)

    def _weights(self) -> list[dict[str, NDArray[np.float32]]]:
        """Copy what is scored of each run: its weights, or their average."""
        return self._read("averages", "averaged_statistics") if self._averaged else self._present()

    def _present(self) -> list[dict[str, NDArray[np.float32]]]:
        """Copy the weights of each run."""
        return self._read("weights", "statistics")

    def _read(self, trained: str, untrained: str) -> list[dict[str, NDArray[np.float32]]]:
        weights, statistics = self.bank.read(trained), self.bank.read(untrained)
        return [
            {**unpack(self.layout.trained, weights[run]), **unpack(self.layout.statistics, statistics[run])}
            for run in range(len(self.runs))
        ]

    def _put(
        self, weights: Sequence[Mapping[str, NDArray[np.generic]]], kinds: tuple[str, str] = ("weights", "statistics")
    ) -> None:
        for kind, slots in zip(kinds, (self.layout.trained, self.layout.statistics), strict=True):
            self.bank.write(kind, np.stack([pack(slots, run) for run in weights]))

    def _prepare_epoch(self) -> None:
        if self._order is not None:
            return
        epoch, image = self.position.epoch, Shape(*self.split.training.images.shape[1:])
        runs = zip(self.runs, self._places, strict=True)
        self._order = np.stack([sampling_order(run.seed, epoch, places) for run, places in runs])
        own = [views(run.seed, epoch, self.sampled_images, run.specification.training, image) for run in self.runs]
        if any(rows is not None for rows in own):
            plain = plain_views(self.sampled_images)
            self._views = np.stack([plain if rows is None else rows for rows in own])
        trainings = [run.specification.training for run in self.runs]
        length = trainings[0].length(self.sampled_images)
        self._factors = np.stack([one.chosen_schedule.factors(epoch, length) for one in trainings])

    def _end_epoch(self) -> tuple[EpochMetrics, ...]:
        images, scored = self.sampled_images, self.split.validation
        present = self._present() if self._averaged else None
        if present is not None:
            self._put(self._weights())
        sums_of_runs = self.bank.score(scored.images, scored.labels, self.split.scale, self.split.offset)
        if present is not None:
            self._put(present)
        trained = [mean_loss_and_accuracy(*sums, images) for sums in zip(self._loss, self._correct, strict=True)]
        validated = [mean_loss_and_accuracy(*sums, len(scored)) for sums in sums_of_runs]
        epoch = self.position.epoch + 1
        metrics = tuple(
            EpochMetrics.of(epoch, training, validation)
            for training, validation in zip(trained, validated, strict=True)
        )
        losses = [own.validation_loss for own in metrics]
        better = [best is not None and loss < best.loss for best, loss in zip(self._best, losses, strict=True)]
        if any(better):
            for run, weights in enumerate(self._weights()):
                if better[run]:
                    self._best[run] = BestEpoch(loss=losses[run], weights=weights)
        self.position = Position(epoch=epoch)
        self._order = self._views = None
        self._loss, self._correct = [0.0] * len(self.runs), [0] * len(self.runs)
        return metrics


def _layered(specification: Specification) -> Network:
    network = specification.network
    assert isinstance(network, Network), "the lanes engine has said that it cannot train this"
    return network


def _build(instruction_set: InstructionSet, runs: Sequence[Run], image: Shape, classes: int) -> CompiledBank:
    training = runs[0].specification.training
    kernels = load_kernels(instruction_set)
    size = (image.height, image.width, image.channels)
    bank = kernels.Bank(image=size, runs=len(runs), batch_size=training.batch_size)
    networks = [placed_layers(_layered(run.specification), image, classes) for run in runs]
    _add_layers(bank, networks, seeds=[run.seed for run in runs])
    bank.finish(training.optimizer, [_numbers(run) for run in runs])
    return bank


def _add_layers(bank: CompiledBank, networks: Sequence[Sequence[PlacedLayer]], *, seeds: Sequence[int]) -> None:
    """Add the layers of each run, which are of the same kinds, and first those in their branches."""
    for layers in zip(*networks, strict=True):
        for number, name in enumerate(layers[0].branches):
            bank.begin_branch(number)
            _add_layers(bank, [layer.branches[name] for layer in layers], seeds=seeds)
        bank.add(layers[0].layer.key, [_layer_settings(layer, seed) for layer, seed in zip(layers, seeds, strict=True)])


def _layer_settings(placed: PlacedLayer, seed: int) -> dict[str, int | float | str]:
    """Write the settings of a layer as the kernels take them, with the key of its random numbers."""
    layer = placed.layer
    settings = {name: getattr(layer, name) for name in type(layer).model_fields if name != layer.holds}
    if placed.stream is not None:
        settings["key_low"], settings["key_high"] = stream_key(seed, placed.stream)
    return {name: "none" if value is None else value for name, value in settings.items()}


def _numbers(run: Run) -> dict[str, float]:
    """Write the settings of the optimizer, and those around its steps, as the kernels take them."""
    training = run.specification.training
    sections = (training.chosen_optimizer, training.chosen_loss, *training.steadying, training.scoring)
    return {name: float(value) for section in sections for name, value in section}
