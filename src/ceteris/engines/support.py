"""Which settings of training an engine follows, and which of them runs of one packed batch may have for themselves.

An engine lists what it follows and refuses whatever is not listed, so that a new optimizer or setting is never dropped
silently or trained as something else.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from ceteris.study.training import Optimizer, Training


@dataclass(frozen=True, kw_only=True)
class TrainingSupport:
    """What an engine follows.

    Attributes:
        optimizers: The optimizers that it has.
        shared: Settings that all runs of a packed batch must have in common.
        per_run: Settings that each run of a packed batch has for itself.
    """

    optimizers: frozenset[Optimizer]
    shared: frozenset[str]
    per_run: frozenset[str] = frozenset()

    def unsupported(self, training: Training) -> str | None:
        """Say what of a training section the engine does not follow, or None; a default changes nothing."""
        if training.optimizer not in self.optimizers:
            return f"the optimizer {training.optimizer} is not supported"
        fields = type(training).model_fields
        for name in sorted(fields.keys() - self.shared - self.per_run):
            value = getattr(training, name)
            if value != fields[name].default:
                return f"training.{name} = {value} is not supported"
        return None

    def key(self, training: Training) -> Hashable:
        """Give what runs of a packed batch must have in common: every setting but those that each has for itself."""
        return values_but(training.model_dump(mode="json"), self.per_run)


def values_but(values: Mapping[str, Hashable], names: frozenset[str]) -> Hashable:
    """Give named values without some of them, to compare by."""
    return tuple(sorted((name, value) for name, value in values.items() if name not in names))


OWN_OF_OPTIMIZERS = frozenset({"learning_rate", "momentum", "beta1", "beta2", "epsilon", "weight_decay"})
"""Settings of Adam and SGD."""
