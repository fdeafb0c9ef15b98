"""What a study decides about its evaluation before any result, and whether the test images suffice for it."""

import math
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ceteris.values.frozen import Frozen


class Analysis(Frozen):
    """Declared beforehand, so that it cannot be chosen to please.

    Attributes:
        margin: Differences in test accuracy smaller than this are practically none, in percentage points.
        target: Convergence is the first epoch whose validation accuracy reaches this share of the baseline's mean
            final one.
    """

    margin: Annotated[float, Field(gt=0, le=100)] = 0.5
    target: Annotated[float, Field(gt=0, le=1)] = 0.9


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
