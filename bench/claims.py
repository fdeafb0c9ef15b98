"""What simulations show: a claim, its bounds and what was found, printed a line each."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A share of simulated studies that has to lie within bounds.

    Attributes:
        what: What happens in these studies, and under which conditions.
        found: The share.
        low: The smallest that is right.
        high: The largest that is right.
    """

    what: str
    found: float
    low: float = 0.0
    high: float = 1.0

    @property
    def holds(self) -> bool:
        """Whether the share is within its bounds."""
        return self.low <= self.found <= self.high


def report(title: str, claims: Iterable[Claim]) -> None:
    """Print each claim as it becomes known, and end the program with status 1 if one does not hold."""
    print(title)
    failed = 0
    for claim in claims:
        bounds = f"{claim.low:g} to {claim.high:g}"
        print(f"  {'pass' if claim.holds else 'FAIL'}  {claim.found:.4f}  ({bounds})  {claim.what}", flush=True)
        failed += not claim.holds
    sys.exit(1 if failed else 0)
