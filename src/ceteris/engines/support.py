"""Which settings of training an engine follows, and which of them runs of one packed batch may have for themselves.

An engine lists what it follows and refuses whatever is not listed, so that a new optimizer or setting is never dropped
silently or trained as something else.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from ceteris.training.scoring import Scoring
from ceteris.training.stopping import Stopping
from ceteris.training.training import SCHEDULES, Training

SCHEDULE_SETTINGS = frozenset({"schedule"}).union(*(kind.model_fields for kind in SCHEDULES))
"""Followed by every engine that takes the factor of each step from `Schedule.factors`: it may be any schedule's."""

STOPPING = frozenset(Stopping.model_fields)
"""Followed by every engine whose runs of a packed batch may end before the others, and that keeps a best epoch."""

SCORING = frozenset(Scoring.model_fields)
"""Followed by every engine that shows a network an image and its mirror image when it is scored."""


BY_FUNCTION = "a training function of your own trains it"
"""Why no engine of ceteris does."""


@dataclass(frozen=True, kw_only=True)
class OptimizerSupport:
    """What an engine follows of an optimizer.

    Attributes:
        per_run: Those of them that each run of a packed batch has for itself.
    """

    settings: frozenset[str]
    per_run: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class TrainingSupport:
    """What an engine follows.

    Attributes:
        shared: Other settings that it follows; all runs of a packed batch have them in common.
        per_run: Other settings that it follows; each run of a packed batch has them for itself.
    """

    optimizers: Mapping[str, OptimizerSupport]
    shared: frozenset[str]
    per_run: frozenset[str] = frozenset()

    def unsupported(self, training: Training) -> str | None:
        """Say what of a training section the engine does not follow, or None; a default changes nothing."""
        if training.optimizer not in self.optimizers:
            return f"the optimizer {training.optimizer} is not supported"
        fields = type(training).model_fields
        own = self.optimizers[training.optimizer].settings
        followed = own | self.shared | self.per_run | {"optimizer"} | _idle(training)
        for name in sorted(fields.keys() - followed):
            value = getattr(training, name)
            if value != fields[name].default:
                return f"training.{name} = {value} is not supported"
        return None

    def key(self, training: Training) -> Hashable:
        """Give what runs of a packed batch must have in common: every setting but those that each has for itself."""
        own = self.optimizers[training.optimizer].per_run | self.per_run | _idle(training)
        return values_but(training.model_dump(mode="json"), own)


def values_but(values: Mapping[str, Hashable], names: frozenset[str]) -> Hashable:
    """Give named values without some of them, to compare by."""
    return tuple(sorted((name, value) for name, value in values.items() if name not in names))


def _idle(training: Training) -> frozenset[str]:
    return frozenset(name for name, _, _ in training.idle())
