"""What a study decides about its evaluation before any result, and whether the test images suffice for it."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from ceteris.statistics.metric import Unit
from ceteris.statistics.metrics import METRICS, TEST_ACCURACY, PredictionMetric
from ceteris.values.frozen import Frozen
from ceteris.values.mistakes import Mistake, Mistakes

if TYPE_CHECKING:
    MetricName = str
else:
    MetricName = Literal[tuple(METRICS)]


class AnalysisSettings(Frozen):
    """Declared beforehand, so that it cannot be chosen to please.

    Attributes:
        metric: What verdicts are about; other metrics are described beside them.
        margin: Differences in the metric smaller than this are practically none: in percentage points, or in the
            metric's own unit if it is no share (0.5 is then no default).
        target: Convergence is the first of two epochs in a row whose validation accuracy reaches this share of the
            baseline's mean final one.
        scope: What verdicts on accuracy speak of: these test images, averaged over seeds; or the population that they
            were drawn from, which takes the images as a sample too and shows less.
    """

    later: ClassVar[frozenset[str]] = frozenset({"metric", "scope"})

    metric: MetricName = TEST_ACCURACY.name
    margin: Annotated[float, Field(gt=0, le=100)] = 0.5
    target: Annotated[float, Field(gt=0, le=1)] = 0.9
    scope: Literal["test images", "population"] = "test images"

    @property
    def judged(self) -> PredictionMetric:
        """The metric that verdicts are about."""
        return METRICS[self.metric]

    @property
    def margin_points(self) -> float:
        """The margin in percentage points; infinite for a metric that is no share, of which an image has no step."""
        return self.margin if self.judged.unit is Unit.SHARE else math.inf

    @property
    def margin_fraction(self) -> float:
        """The margin as statistics take it: a fraction, or a number in the metric's own unit."""
        return self.margin / 100 if self.judged.unit is Unit.SHARE else self.margin

    @model_validator(mode="after")
    def _margin_in_the_unit(self) -> Self:
        """Refuse percentage points, also those of the default, for a metric that is no share."""
        if self.judged.unit is Unit.SHARE or ("margin" in self.model_fields_set and self.margin <= 1):
            return self
        unit = "in nats" if self.judged.unit is Unit.NATS else "a number"
        found = f"{self.margin:g}" if "margin" in self.model_fields_set else "not given"
        raise Mistakes(
            Mistake(
                place=("analysis", "margin"),
                sentence=f"analysis.margin is {found}, and the {self.metric} is no percentage; expected the smallest "
                f"difference that matters, {unit}, above 0 and at most 1. Declare one, for example margin = 0.02.",
            )
        )

    @model_validator(mode="after")
    def _scope_of_accuracy(self) -> Self:
        """Refuse verdicts on the population by a metric whose error over images is not known."""
        if self.scope == "test images" or self.judged is TEST_ACCURACY:
            return self
        raise Mistakes(
            Mistake(
                place=("analysis", "scope"),
                sentence=f"analysis.scope is 'population' and analysis.metric '{self.metric}'; expected the test "
                "accuracy, the only metric whose error over images is computed. Leave out one of the two.",
            )
        )


USUAL_MARGIN = 1.0
"""The margin that `ceteris init` writes, and that `ceteris data check` assumes, in percentage points."""


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """How fine a step in accuracy a test set has, beside the margin that a study declares.

    Attributes:
        test_images: How many images are tested on.
        margin: Differences in test accuracy smaller than this are practically none, in percentage points.

    Example:
        >>> nine = Resolution(test_images=9, margin=1.0)
        >>> round(nine.step, 1), nine.needed, nine.is_too_coarse
        (11.1, 100, True)
    """

    test_images: int
    margin: float

    @property
    def step(self) -> float:
        """What one test image is worth, in percentage points of accuracy; infinite if there is none."""
        return 100 / self.test_images if self.test_images else math.inf

    @property
    def needed(self) -> int:
        """The least number of test images of which one is worth no more than the margin."""
        return math.ceil(100 / self.margin)

    @property
    def is_too_coarse(self) -> bool:
        """Whether one test image is worth more than the margin, so that verdicts within the margin mean little."""
        return self.test_images < self.needed

    @property
    def warning(self) -> str:
        """One or two sentences for the reader of any number of the study; empty if the test set is large enough."""
        if not self.is_too_coarse:
            return ""
        images = "1 test image is" if self.test_images == 1 else f"{self.test_images:,} test images are"
        step = f": one image is worth {self.step:.3g} pp of accuracy" if self.test_images else ""
        return (
            f"{images} too few for a margin of {self.margin:g} pp{step}. Use at least {self.needed:,} test images, or "
            "declare a larger margin."
        )
