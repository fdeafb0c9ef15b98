"""How values of a metric are written, with its unit and in its own sign."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from ceteris.analysis.analysis import Analysis
from ceteris.report.quantities import MINUS, percent, percentage_points, points, signed, size
from ceteris.statistics.interval import Estimate, Interval
from ceteris.statistics.metric import Metric, Spacing, Unit
from ceteris.statistics.metrics import TEST_ACCURACY, PredictionMetric


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Writes values of one metric, and differences between them.

    Attributes:
        metric: The metric.
        is_turned: Whether numbers have their sign turned, so that higher is better, as verdicts want it.
        centre: What the baseline has, where that decides how differences are written: how many digits they have, and
            what a change of odds comes to; not-a-number elsewhere.
    """

    metric: Metric
    is_turned: bool = False
    centre: float = math.nan

    @classmethod
    def of(cls, analysis: Analysis) -> Self:
        """Give the scale of what verdicts are about."""
        metric, arm = analysis.metric, analysis.baseline.accuracy
        is_ours = isinstance(metric, PredictionMetric) or arm is None
        centre = math.nan if is_ours or arm is None else analysis.natural(arm.estimate)
        return cls(metric=metric, is_turned=not metric.higher_is_better, centre=centre)

    @property
    def is_share(self) -> bool:
        """Whether values are per cents, and differences percentage points."""
        return self.metric.unit is Unit.SHARE and not self.is_ratio

    @property
    def is_ratio(self) -> bool:
        """Whether differences are ratios, told as a change in per cent."""
        return self.metric.spacing in (Spacing.RATIOS, Spacing.COUNTS)

    @property
    def is_accuracy(self) -> bool:
        """Whether it is that of test accuracy, which is a number of images too."""
        return self.metric is TEST_ACCURACY

    @property
    def unit(self) -> str:
        """The unit of a difference; empty if it has none."""
        return "%" if self.is_ratio else _UNITS[self.metric.unit]

    @property
    def in_unit(self) -> str:
        """The unit in brackets, as it follows a heading; empty if there is none."""
        return f" ({self.unit})" if self.unit else ""

    @property
    def of_values(self) -> str:
        """The unit of a value in brackets, as it follows a heading; empty if there is none."""
        return f" ({_UNITS[self.metric.unit]})" if self.metric.unit is Unit.NATS else ""

    def own(self, estimate: Estimate) -> Estimate:
        """Give an estimate of a value in the metric's own sign and in the unit that figures are drawn in."""
        return _mapped(estimate, lambda number: (100 if self.is_share else 1) * self.natural(number))

    def own_difference(self, estimate: Estimate) -> Estimate:
        """Give an estimate of a difference likewise."""
        factor = 100 if self.is_share or self.is_ratio else 1
        return _mapped(estimate, lambda number: factor * self.apart(number))

    def natural(self, number: float) -> float:
        """Give a value as it was measured."""
        return self.metric.spacing.back(self.signed(number))

    def apart(self, number: float) -> float:
        """Give a difference as the report shows it: in the metric's unit, or, of ratios, the relative change."""
        return self.metric.spacing.apart(self.signed(number), baseline=self.centre)

    def value(self, number: float) -> str:
        """Write a value.

        Example:
            >>> from ceteris.statistics.metrics import METRICS
            >>> [Scale(metric=METRICS[name]).value(0.5) for name in ("macro F1", "negative log likelihood")]
            ['50.00 %', '0.5000 nats']
        """
        return self.measured(self.natural(number))

    def measured(self, value: float) -> str:
        """Write a value as it was measured."""
        return percent(value) if self.is_share else self._value(self._number(value))

    def measured_difference(self, difference: float) -> str:
        """Write a difference of two values as they were measured, with its sign."""
        return points(difference) if self.is_share else self._value(signed(difference, self.digits))

    def value_range(self, estimate: Estimate) -> str:
        """Write the ends of a value's interval, which stay within the metric's range; empty without one."""
        if not isinstance(estimate, Interval):
            return ""
        least, most = self.metric.limits
        ends = sorted(min(max(self.natural(end), least), most) for end in (estimate.low, estimate.high))
        if self.is_share:
            return f"{100 * ends[0]:.2f} to {100 * ends[1]:.2f} %"
        return self._value(f"{self._number(ends[0])} to {self._number(ends[1])}")

    def spread(self, number: float) -> str:
        """Write a standard deviation, or a standard error."""
        if self.is_ratio:
            return f"{100 * (Spacing.RATIOS.back(number) - 1):.2f} %"
        if self.metric.spacing is Spacing.ODDS:
            number *= self.centre * (1 - self.centre)
        return f"{100 * number:.2f} pp" if self.is_share else self._with_unit(f"{number:.{self.digits}f}")

    def size(self, number: float) -> str:
        """Write the size of a difference, without a sign; digits that say nothing are left out."""
        if self.is_ratio:
            return f"{100 * self.margin(number):.4g} %"
        return size(self.margin(number)) if self.is_share else self._with_unit(f"{number:.4g}")

    def full_size(self, number: float) -> str:
        """Write the size of a difference for a place where nothing explains `pp`."""
        return percentage_points(self.margin(number)) if self.is_share else self.size(number)

    def difference(self, number: float) -> str:
        """Write a difference with its sign.

        Example:
            >>> from ceteris.statistics.metrics import METRICS
            >>> Scale(metric=METRICS["Brier score"], is_turned=True).difference(0.012)
            '\N{MINUS SIGN}0.0120'
        """
        own = self.apart(number)
        if self.is_ratio:
            return f"{signed(100 * own)} %"
        return points(own) if self.is_share else self._with_unit(signed(own, self.digits))

    def difference_range(self, estimate: Estimate | None) -> str:
        """Write the ends of a difference's interval; empty without one."""
        if not isinstance(estimate, Interval):
            return ""
        ends = (estimate.high, estimate.low) if self.is_turned else (estimate.low, estimate.high)
        low, high = map(self.difference, ends)
        return f"{self.bare(low)} to {high}"

    def bare(self, text: str) -> str:
        """Leave out the unit of a difference, or of a number in nats, where a heading has it."""
        return text.removesuffix(f" {self.unit}") if self.unit else text

    def signed(self, number: float) -> float:
        """Give a number in the metric's own sign."""
        return -number if self.is_turned else number

    @property
    def digits(self) -> int:
        """How many digits after the point: four, but of values around 500 fewer, and of tiny ones more."""
        if not math.isfinite(self.centre) or not self.centre:
            return 4
        magnitude = math.floor(math.log10(abs(self.centre)))
        return max(0, 4 - max(magnitude, 0)) if magnitude > -3 else 2 - magnitude

    def margin(self, number: float) -> float:
        """Give the size of a margin as `apart` gives differences, of odds as it is below the baseline."""
        match self.metric.spacing:
            case Spacing.DIFFERENCES:
                return number
            case Spacing.ODDS:
                return -Spacing.ODDS.apart(-number, baseline=self.centre)
            case spacing:
                return spacing.apart(number, baseline=self.centre)

    def _number(self, value: float) -> str:
        return f"{value:,.{self.digits}f}".replace("-", MINUS)

    def _value(self, text: str) -> str:
        return f"{text} {_UNITS[self.metric.unit]}" if self.metric.unit is Unit.NATS else text

    def _with_unit(self, text: str) -> str:
        return f"{text} {self.unit}" if self.unit else text


_UNITS = {Unit.SHARE: "pp", Unit.NATS: "nats", Unit.NUMBER: ""}


def _mapped(estimate: Estimate, change: Callable[[float], float]) -> Estimate:
    if not isinstance(estimate, Interval):
        return replace(estimate, estimate=change(estimate.estimate))
    low, high = sorted((change(estimate.low), change(estimate.high)))
    return replace(estimate, estimate=change(estimate.estimate), low=low, high=high)


ACCURACY = Scale(metric=TEST_ACCURACY)
"""That of test accuracy."""
