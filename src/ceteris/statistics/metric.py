"""What runs are judged by: the name of a number, how it is written, and on which scale it is compared."""

import math
from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class Unit(Enum):
    """How a metric is written: a share in per cent, with differences in percentage points, or a number."""

    SHARE = auto()
    NATS = auto()
    NUMBER = auto()


class Spacing(StrEnum):
    """How the values of two arms are set against each other; the value says what is compared.

    A loss or a time is compared by ratios, since a step from 4 to 2 is as large as one from 2 to 1. A share near 1 is
    compared by its odds, since a step from 0.98 to 0.99 halves what is left.
    """

    DIFFERENCES = "differences"
    RATIOS = "ratios"
    COUNTS = "ratios of counts, each raised by one half"
    ODDS = "odds"

    def forward(self, value: float) -> float:
        """Give the number that means and intervals are computed of.

        Args:
            value: As it was measured: above 0 for ratios, at least 0 for counts, between 0 and 1 for odds.

        Example:
            >>> [round(one.forward(0.5), 3) for one in Spacing]
            [0.5, -0.693, 0.0, 0.0]
        """
        match self:
            case Spacing.RATIOS:
                return math.log(value)
            case Spacing.COUNTS:
                return math.log(value + 0.5)
            case Spacing.ODDS:
                return math.log(value / (1 - value))
            case _:
                return value

    def back(self, number: float) -> float:
        """Turn a computed number into a value again, of means the geometric mean, or that of odds.

        Example:
            >>> [round(one.back(one.forward(0.8)), 3) for one in Spacing]
            [0.8, 0.8, 0.8, 0.8]
        """
        match self:
            case Spacing.RATIOS:
                return _exp(number)
            case Spacing.COUNTS:
                return _exp(number) - 0.5
            case Spacing.ODDS:
                return 1 / (1 + _exp(-number))
            case _:
                return number

    def apart(self, number: float, *, baseline: float) -> float:
        """Turn a computed difference into the reported one: in the metric's unit, or of ratios as a relative change.

        Args:
            number: Variation minus baseline, of numbers from `forward`.
            baseline: The value that a change of odds starts from.

        Example:
            >>> round(Spacing.RATIOS.apart(math.log(1.02), baseline=3.0), 4)
            0.02
            >>> round(Spacing.ODDS.apart(math.log(2), baseline=0.9), 4)
            0.0474
        """
        match self:
            case Spacing.DIFFERENCES:
                return number
            case Spacing.ODDS:
                return self.back(self.forward(baseline) + number) - baseline
            case _:
                return _exp(number) - 1


def _exp(number: float) -> float:
    return math.exp(number) if number < 700 else math.inf  # of float64; wide intervals of few runs go beyond


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number that each run has.

    Attributes:
        name: What a study file, a table or a report calls it.
        definition: What it is, as it follows its name in a sentence.
        unit: How it is written.
        higher_is_better: Or the lower.
        spacing: How two arms are set against each other.
    """

    name: str
    definition: str
    unit: Unit = Unit.SHARE
    higher_is_better: bool = True
    spacing: Spacing = Spacing.DIFFERENCES

    @property
    def limits(self) -> tuple[float, float]:
        """Between what values lie."""
        return (0.0, 1.0) if self.unit is Unit.SHARE else (-math.inf, math.inf)
