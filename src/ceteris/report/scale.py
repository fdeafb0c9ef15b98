"""How values of a metric are written, with its unit and in its own sign."""

from dataclasses import dataclass

from ceteris.report.quantities import percent, points, signed, size
from ceteris.statistics.interval import Estimate, Interval
from ceteris.statistics.metrics import Metric, Unit


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Writes values of one metric, and differences between them.

    Attributes:
        metric: The metric.
    """

    metric: Metric

    @property
    def _unit(self) -> str:
        return " nats" if self.metric.unit is Unit.NATS else ""

    def value(self, number: float) -> str:
        """Write a value.

        Example:
            >>> from ceteris.statistics.metrics import METRICS
            >>> [Scale(metric=METRICS[name]).value(0.5) for name in ("macro F1", "negative log likelihood")]
            ['50.00 %', '0.5000 nats']
        """
        return percent(number) if self.metric.unit is Unit.SHARE else f"{number:.4f}{self._unit}"

    def spread(self, number: float) -> str:
        """Write a standard deviation."""
        return f"{100 * number:.2f} pp" if self.metric.unit is Unit.SHARE else f"{number:.4f}{self._unit}"

    def size(self, number: float) -> str:
        """Write the size of a difference, without a sign; digits that say nothing are left out."""
        return size(number) if self.metric.unit is Unit.SHARE else f"{number:.4g}{self._unit}"

    def difference(self, number: float) -> str:
        """Write a difference with its sign."""
        return points(number) if self.metric.unit is Unit.SHARE else f"{signed(number, 4)}{self._unit}"

    def difference_range(self, estimate: Estimate | None) -> str:
        """Write the ends of a difference's interval; empty without one."""
        if not isinstance(estimate, Interval):
            return ""
        low, high = (self.difference(end) for end in (estimate.low, estimate.high))
        return f"{low.removesuffix(' pp').removesuffix(' nats')} to {high}"
