"""What a study decides about its evaluation before it sees any result."""

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
