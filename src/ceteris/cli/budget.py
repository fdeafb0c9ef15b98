"""`--budget`: how long a command may train, and how many looks that allows."""

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import typer

from ceteris.formatting.console import duration
from ceteris.study.seeds import PlannedSeeds

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_TIME = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def read_budget(text: str | None) -> float | None:
    """Read a time such as 30m or 1h30m; gives seconds.

    Example:
        >>> read_budget("30m"), read_budget("1h30m"), read_budget(None)
        (1800.0, 5400.0, None)
    """
    if text is None:
        return None
    found = _TIME.fullmatch(text)
    parts = found.groups(default="0") if found else ()
    seconds = sum(int(part) * unit for part, unit in zip(parts, _UNITS.values(), strict=False))
    if not seconds:
        raise typer.BadParameter(f"'{text}' is not a time above 0; write for example 30m, 2h or 1h30m.")
    return seconds


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The time that a command may take, from now on.

    Attributes:
        seconds: In all.
        clock: Gives seconds of one clock.
        began: When it was started, by that clock.
        stop: Set where the training has to end.
    """

    seconds: float
    clock: Callable[[], float]
    began: float
    stop: threading.Event

    def allows(self, seconds: float) -> bool:
        """Say whether so much time is left."""
        return seconds <= self.left

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.seconds - (self.clock() - self.began))

    def refusal(self, seconds: float) -> str:
        """Say that a look is not begun."""
        left = duration(self.left) if self.left >= 1 else "nothing"
        return (
            f"The next look takes about {duration(seconds)}, and of the budget of {duration(self.seconds)} {left} is "
            "left: it is not begun. The same command goes on from here."
        )

    def outlook(self, seeds: Sequence[int], first_look: float) -> str | None:
        """Say how many seeds each arm could have in this time, if no verdict fell; None where that is not open.

        Args:
            seeds: Of the study.
            first_look: Seconds that its first look takes.
        """
        if not isinstance(seeds, PlannedSeeds):
            return None
        plan, look = seeds.plan, 0
        if not self.allows(first_look):
            return (
                f"The first look takes about {duration(first_look)}, more than the budget of {duration(self.seconds)}: "
                "what is in training then is saved, and the same command goes on."
            )
        while plan.size(look) < len(seeds) and plan.size(look + 1) * first_look <= self.left * plan.first:
            look += 1
        return (
            f"A budget of {duration(self.seconds)} is enough for about {plan.size(look)} seeds of every arm; where "
            "verdicts fall early, for more of the others."
        )
