"""How values of a metric are written, with its unit and in its own sign."""

from dataclasses import dataclass, replace
from typing import Self

from ceteris.analysis.analysis import Analysis
from ceteris.report.quantities import percent, percentage_points, points, signed, size
from ceteris.statistics.interval import Estimate, Interval
from ceteris.statistics.metrics import TEST_ACCURACY, Metric, Unit


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Writes values of one metric, and differences between them.

    Attributes:
        metric: The metric.
        is_turned: Whether numbers have their sign turned, so that higher is better, as verdicts want it.
    """

    metric: Metric
    is_turned: bool = False

    @classmethod
    def of(cls, analysis: Analysis) -> Self:
        """Give the scale of what verdicts are about."""
        return cls(metric=analysis.metric, is_turned=not analysis.metric.higher_is_better)

    @property
    def is_share(self) -> bool:
        """Whether values are per cents, and differences percentage points."""
        return self.metric.unit is Unit.SHARE

    @property
    def is_accuracy(self) -> bool:
        """Whether it is that of test accuracy, which is a number of images too."""
        return self.metric is TEST_ACCURACY

    @property
    def unit(self) -> str:
        """The unit of a difference; empty if it has none."""
        return {Unit.SHARE: "pp", Unit.NATS: "nats", Unit.NUMBER: ""}[self.metric.unit]

    @property
    def in_unit(self) -> str:
        """The unit in brackets, as it follows a heading; empty if there is none."""
        return f" ({self.unit})" if self.unit else ""

    def own(self, estimate: Estimate) -> Estimate:
        """Give an estimate in the metric's own sign and in the unit that figures are drawn in."""
        factor = (100 if self.is_share else 1) * (-1 if self.is_turned else 1)
        if not isinstance(estimate, Interval):
            return replace(estimate, estimate=factor * estimate.estimate)
        low, high = sorted((factor * estimate.low, factor * estimate.high))
        return replace(estimate, estimate=factor * estimate.estimate, low=low, high=high)

    def value(self, number: float) -> str:
        """Write a value.

        Example:
            >>> from ceteris.statistics.metrics import METRICS
            >>> [Scale(metric=METRICS[name]).value(0.5) for name in ("macro F1", "negative log likelihood")]
            ['50.00 %', '0.5000 nats']
        """
        own = self.signed(number)
        return percent(own) if self.is_share else self._with_unit(f"{own:.4f}")

    def value_range(self, estimate: Estimate) -> str:
        """Write the ends of a value's interval, which stay within the metric's range; empty without one."""
        if not isinstance(estimate, Interval):
            return ""
        best = 1.0 if self.metric.higher_is_better else 0.0
        least, most = sorted((self.metric.worst, best))
        ends = sorted(min(max(self.signed(end), least), most) for end in (estimate.low, estimate.high))
        if self.is_share:
            return f"{100 * ends[0]:.2f} to {100 * ends[1]:.2f} %"
        return self._with_unit(f"{ends[0]:.4f} to {ends[1]:.4f}")

    def spread(self, number: float) -> str:
        """Write a standard deviation."""
        return f"{100 * number:.2f} pp" if self.is_share else self._with_unit(f"{number:.4f}")

    def size(self, number: float) -> str:
        """Write the size of a difference, without a sign; digits that say nothing are left out."""
        return size(number) if self.is_share else self._with_unit(f"{number:.4g}")

    def full_size(self, number: float) -> str:
        """Write the size of a difference for a place where nothing explains `pp`."""
        return percentage_points(number) if self.is_share else self.size(number)

    def difference(self, number: float) -> str:
        """Write a difference with its sign.

        Example:
            >>> from ceteris.statistics.metrics import METRICS
            >>> Scale(metric=METRICS["Brier score"], is_turned=True).difference(0.012)
            '\N{MINUS SIGN}0.0120'
        """
        own = self.signed(number)
        return points(own) if self.is_share else self._with_unit(signed(own, 4))

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

    def _with_unit(self, text: str) -> str:
        return f"{text} {self.unit}" if self.unit else text


ACCURACY = Scale(metric=TEST_ACCURACY)
"""That of test accuracy."""
