"""The smallest difference that matters, as a user writes it, turned into what statistics compare it with."""

import math
import re

from ceteris.errors import ResultsError
from ceteris.statistics.metric import Metric, Spacing, Unit

_WRITTEN = re.compile(r"(\d+\.?\d*|\.\d+)\s*(%|pp)?")
_LARGE = 0.2  # of a share: more is rather meant in percentage points


def margin_number(written: str | float, metric: Metric, *, percent: bool, baseline: float) -> float:
    """Give the margin on the scale on which arms are compared.

    Args:
        written: For example `0.5pp` or `0.005` of a share, `2%` of what is compared by ratios, and otherwise a number
            in the metric's unit.
        metric: What is compared.
        percent: Whether the table has per cents, so that a number alone is in percentage points.
        baseline: The baseline's mean, which a margin of what is compared by its odds starts from.

    Raises:
        ResultsError: If it is not clear what is meant.

    Example:
        >>> accuracy = Metric(name="accuracy", definition="")
        >>> margin_number("0.5pp", accuracy, percent=False, baseline=0.9)
        0.005
    """
    text = str(written).strip()
    match = _WRITTEN.fullmatch(text)
    number, unit = (float(match[1]), match[2]) if match else (0.0, None)
    example = _example(metric)
    if not 0 < number < math.inf:
        raise ResultsError(f"the margin is '{text}', expected a number above 0, for example {example}.")
    if metric.spacing in (Spacing.RATIOS, Spacing.COUNTS):
        if unit != "%":
            raise ResultsError(
                f"the margin is '{text}', and {metric.name} is compared by ratios, expected the smallest change that "
                f"matters in per cent. Write, for example, {example}."
            )
        return math.log1p(number / 100)
    if metric.unit is Unit.SHARE:
        share = number / 100 if unit or percent else number
        if share > _LARGE and not unit and not percent:
            raise ResultsError(
                f"the margin is '{text}', which is {100 * share:g} percentage points, as {metric.name} is a fraction. "
                f"Write {number:g}pp if you mean percentage points, and {100 * share:g}pp if not."
            )
        if metric.spacing is not Spacing.ODDS or not baseline - share > 0:
            return share
        return metric.spacing.forward(baseline) - metric.spacing.forward(baseline - share)
    if unit:
        raise ResultsError(
            f"the margin is '{text}', and {metric.name} is compared by differences, expected a number in its own unit. "
            f"Write, for example, {example}."
        )
    return number


def _example(metric: Metric) -> str:
    if metric.spacing in (Spacing.RATIOS, Spacing.COUNTS):
        return "2%"
    return "0.5pp" if metric.unit is Unit.SHARE else "0.1"
