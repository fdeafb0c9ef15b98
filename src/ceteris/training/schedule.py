"""How the learning rate changes while a network is trained: a factor for each step, the same bits on every machine.

Factors are computed in float64 by addition, subtraction, multiplication and division alone, which round alike
everywhere; the cosine and the powers of a mathematics library do not.
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ceteris.training.cosine import cosine_of_half_turns
from ceteris.training.kind import Kind

Floats = NDArray[np.float64]
Positive = Annotated[float, Field(gt=0, lt=1)]
Divisor = Annotated[float, Field(ge=1)]

_LEAST = 1e-6  # A smaller share of a learning rate moves no weight: float32 has 24 bits.


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long a network is trained.

    Attributes:
        steps: Minibatches in an epoch.
    """

    epochs: int
    steps: int


class Schedule(Kind):
    """A factor of the learning rate at each step.

    Attributes:
        warmup_epochs: Epochs before the schedule begins, in which the learning rate rises linearly, step by step, to
            where it begins: of n steps of warm-up, step i has i/n of that rate.
    """

    later: ClassVar[frozenset[str]] = frozenset({"warmup_epochs"})

    warmup_epochs: Annotated[int, Field(ge=0)] = 0

    def factors(self, epoch: int, length: Length) -> Floats:
        """Give the factor of each step of an epoch, which is counted from 0. Shape (steps,).

        Warm-up is PyTorch's `LinearLR` from 1/n, followed by the schedule (`SequentialLR`).

        Example:
            >>> [float(factor) for factor in Constant(warmup_epochs=1).factors(0, Length(epochs=3, steps=4))]
            [0.25, 0.5, 0.75, 1.0]
        """
        rest = Length(epochs=length.epochs - self.warmup_epochs, steps=length.steps)
        if epoch >= self.warmup_epochs:
            return self.warm_factors(epoch - self.warmup_epochs, rest)
        taken = np.arange(epoch * length.steps, (epoch + 1) * length.steps, dtype=np.float64)
        first = float(self.warm_factors(0, rest)[0])
        return (taken + 1) / (self.warmup_epochs * length.steps) * first

    @abstractmethod
    def warm_factors(self, epoch: int, length: Length) -> Floats:
        """Give the factor of each step of an epoch after warm-up; epoch and length count from there."""

    def misfits(self, epochs: int) -> Iterator[str]:
        """Say why the schedule is longer than training."""
        if self.warmup_epochs >= epochs:
            found = f"training.warmup_epochs = {self.warmup_epochs} leaves none of training.epochs = {epochs}"
            yield f"{found} after the warm-up; give fewer, or train longer."

    def misfitting_steps(self, length: Length) -> Iterator[str]:
        """Say why the schedule has no step for one of its parts; told only where `misfits` tells nothing."""
        del length
        yield from ()

    def __str__(self) -> str:
        """Say what happens to the learning rate, for a list in a sentence; empty if nothing does."""
        epochs = "1 epoch" if self.warmup_epochs == 1 else f"{self.warmup_epochs} epochs"
        warm = f"linear warm-up for {epochs}" if self.warmup_epochs else ""
        return ", ".join(part for part in (warm, self.in_words) if part)

    @property
    @abstractmethod
    def in_words(self) -> str:
        """What happens to the learning rate after warm-up; empty if nothing does."""


class Constant(Schedule):
    """The learning rate stays as it is."""

    key: ClassVar[str] = "constant"
    title: ClassVar[str] = "constant learning rate"

    def warm_factors(self, epoch: int, length: Length) -> Floats:
        """Change nothing."""
        del epoch
        return np.ones(length.steps)

    @property
    def in_words(self) -> str:
        """Nothing happens."""
        return ""


class Step(Schedule):
    """The learning rate is multiplied by `gamma` after every `step_epochs` epochs: PyTorch's `StepLR`.

    Attributes:
        step_epochs: Epochs between two changes, counted from the end of warm-up.
        gamma: Factor of the learning rate at each change, above 0 and below 1.
    """

    key: ClassVar[str] = "step"
    title: ClassVar[str] = "step decay of the learning rate"
    later: ClassVar[frozenset[str]] = frozenset({"warmup_epochs", "step_epochs", "gamma"})

    step_epochs: Annotated[int, Field(ge=1)] = 10
    gamma: Positive = 0.1

    def warm_factors(self, epoch: int, length: Length) -> Floats:
        """Change at whole epochs."""
        return np.full(length.steps, _whole_power(self.gamma, epoch // self.step_epochs))

    def misfits(self, epochs: int) -> Iterator[str]:
        """Also an interval that training does not reach the end of."""
        yield from super().misfits(epochs)
        rest = epochs - self.warmup_epochs
        if 1 <= rest <= self.step_epochs:
            after = " after the warm-up" if self.warmup_epochs else ""
            found = f'schedule = "step" with training.step_epochs = {self.step_epochs} changes nothing in {rest} epoch'
            yield f"{found}{'' if rest == 1 else 's'}{after}; give fewer, or train longer."

    @property
    def in_words(self) -> str:
        """Factor and interval."""
        epochs = "epoch" if self.step_epochs == 1 else f"{self.step_epochs} epochs"
        return f"learning rate multiplied by {self.gamma:g} every {epochs}"


class Exponential(Schedule):
    """The learning rate is multiplied by `gamma` after every epoch: PyTorch's `ExponentialLR`.

    Attributes:
        gamma: Factor of the learning rate from epoch to epoch, above 0 and below 1.
    """

    key: ClassVar[str] = "exponential"
    title: ClassVar[str] = "exponential decay of the learning rate"
    later: ClassVar[frozenset[str]] = frozenset({"warmup_epochs", "gamma"})

    gamma: Positive = 0.1

    def warm_factors(self, epoch: int, length: Length) -> Floats:
        """Change at whole epochs."""
        return np.full(length.steps, _whole_power(self.gamma, epoch))

    def misfits(self, epochs: int) -> Iterator[str]:
        """Also a single epoch, and a learning rate that vanishes long before the end."""
        yield from super().misfits(epochs)
        rest = epochs - self.warmup_epochs
        if rest == 1:
            yield 'schedule = "exponential" changes nothing in 1 epoch; train longer, or leave it out.'
        elif rest > 1 and (last := _whole_power(self.gamma, rest - 1)) < _LEAST:
            found = f"training.gamma = {self.gamma:g} after every epoch leaves {last:.0e} of the learning rate"
            end = "which moves no weight; give a larger one, for example 0.9."
            yield f"{found} in the last of {rest} epochs, {end}"

    @property
    def in_words(self) -> str:
        """The factor."""
        return f"learning rate multiplied by {self.gamma:g} every epoch"


class Cosine(Schedule):
    """The learning rate falls along half a wave of a cosine: PyTorch's `CosineAnnealingLR`, step by step.

    Attributes:
        final_share: Share of the learning rate that is left at the end, in [0, 1).
    """

    key: ClassVar[str] = "cosine"
    title: ClassVar[str] = "cosine annealing of the learning rate"
    paper: ClassVar[str] = "Loshchilov and Hutter 2017, arXiv:1608.03983"
    later: ClassVar[frozenset[str]] = frozenset({"warmup_epochs", "final_share"})

    final_share: Annotated[float, Field(ge=0, lt=1)] = 0.0

    def warm_factors(self, epoch: int, length: Length) -> Floats:
        """Fall from 1 to the final share, which the step after the last would have."""
        taken = np.arange(epoch * length.steps, (epoch + 1) * length.steps, dtype=np.float64)
        return _between(1.0, self.final_share, taken / (length.epochs * length.steps))

    @property
    def in_words(self) -> str:
        """Where it ends."""
        return f"cosine annealing of the learning rate to {f'{self.final_share:g} of it' if self.final_share else '0'}"


class OneCycle(Schedule):
    """The learning rate rises to its peak and falls again, each along half a wave of a cosine: PyTorch's `OneCycleLR`.

    `learning_rate` is the peak. Momentum stays as it is, where PyTorch's cycles it unless told not to.

    Attributes:
        rise: Share of the steps in which the learning rate rises, in (0, 1); PyTorch's `pct_start`.
        start_divisor: The first learning rate is the peak divided by it, 1 or more; PyTorch's `div_factor`.
        final_divisor: The last learning rate is the first one divided by it, 1 or more; PyTorch's `final_div_factor`.
    """

    key: ClassVar[str] = "one_cycle"
    title: ClassVar[str] = "one cycle of the learning rate"
    paper: ClassVar[str] = "Smith and Topin 2019, arXiv:1708.07120"
    later: ClassVar[frozenset[str]] = frozenset({"warmup_epochs", "rise", "start_divisor", "final_divisor"})

    rise: Positive = 0.3
    start_divisor: Divisor = 25.0
    final_divisor: Divisor = 1e4

    def warm_factors(self, epoch: int, length: Length) -> Floats:
        """Rise until step `rise * steps - 1`, counted from 0 and not always whole, and fall until the last step."""
        taken = np.arange(epoch * length.steps, (epoch + 1) * length.steps, dtype=np.float64)
        total = length.epochs * length.steps
        first, last = 1 / self.start_divisor, 1 / self.start_divisor / self.final_divisor
        # A peak before the second step leaves nothing to rise in, and training may be a single step.
        peak = max(self.rise * total - 1, 0.0)
        rising = _between(first, 1.0, np.minimum(taken / peak, 1.0)) if peak else np.ones_like(taken)
        falling = _between(1.0, last, np.maximum(taken - peak, 0.0) / max(total - 1 - peak, 1e-300))
        return np.where(taken <= peak, rising, falling)

    def misfitting_steps(self, length: Length) -> Iterator[str]:
        """A rise of no step."""
        steps = (length.epochs - self.warmup_epochs) * length.steps
        if self.rise * steps <= 1:
            found = f"training.rise = {self.rise:g} of {steps} step{'' if steps == 1 else 's'} leaves none to rise in"
            yield f"{found}; give a larger share, or train longer."

    @property
    def in_words(self) -> str:
        """Where it begins, how long it rises, and where it ends."""
        return (
            f"one cycle of the learning rate, from the peak divided by {self.start_divisor:g} up for "
            f"{100 * self.rise:g} % of the steps and down to that divided by {self.final_divisor:g}, along cosines"
        )


def _between(start: float, end: float, done: Floats) -> Floats:
    """Go from one value to another along half a wave of a cosine, of which a share is done."""
    return end + (start - end) / 2 * (1 + cosine_of_half_turns(done))


def _whole_power(base: float, exponent: int) -> float:
    """Multiply by squaring: the same bits everywhere, which the library's power does not promise."""
    result = 1.0
    while exponent:
        if exponent & 1:
            result *= base
        base, exponent = base * base, exponent >> 1
    return result
