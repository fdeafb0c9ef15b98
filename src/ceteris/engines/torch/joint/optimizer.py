"""Optimizers on the parameters of many runs at once, each run with its own settings: PyTorch's definitions.

A new one is a function here and a line in `UPDATES`; what is not listed there is refused.
"""

# r = runs of a packed batch, p = parameters of a run

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ceteris.engines.support import OptimizerSupport
from ceteris.study.run import Run
from ceteris.training.training import OPTIMIZERS

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(kw_only=True)
class StackedOptimizer:
    """What an optimizer remembers, a row per run; settings are columns.

    Attributes:
        settings: By name, a column of the runs' values, where the parameters are. Shape (r, 1).
        precise: The same in float64 on the processor, because some devices have no float64. Shape (r, 1).
        rates: The column of learning rates before the schedule has acted on them, likewise. Shape (r, 1).
        first: Mean gradient of Adam, velocity of SGD and RMSprop. Shape (r, p).
        second: Mean squared gradient of Adam and RMSprop, or their sum of Adagrad. Shape (r, p).
        scratch: Room for what a step computes on the way: new memory at every step would cost a third of its time.
    """

    update: "Update"
    settings: "dict[str, Tensor]"
    precise: "dict[str, Tensor]"
    rates: "Tensor"
    first: "Tensor"
    second: "Tensor"
    scratch: "Tensor"
    steps: int = 0

    def step(self, rows_rp: "Tensor", gradient_rp: "Tensor", factors_r: "Tensor") -> None:
        """Move the parameters against the gradient, in place; the gradient is used up.

        The factors, float64 on the processor, are those of the learning rates at this step.
        """
        self.steps += 1
        rates = (self.rates * factors_r[:, None]).to(rows_rp.dtype)
        self.precise["learning_rate"], self.settings["learning_rate"] = rates.double(), rates.to(rows_rp.device)
        self.update(self, rows_rp, gradient_rp)

    def add_penalty(self, rows_rp: "Tensor", gradient_rp: "Tensor") -> None:
        """Add the gradient of the L2 penalty, if any run has one."""
        if self.precise["weight_decay"].any():
            gradient_rp.addcmul_(rows_rp, self.settings["weight_decay"])


Update = Callable[[StackedOptimizer, "Tensor", "Tensor"], None]


def stacked_optimizer(runs: Sequence[Run], rows_rp: "Tensor") -> StackedOptimizer:
    """Start one kind of optimizer for the parameters of all runs."""
    import torch  # noqa: PLC0415 - torch is optional, and slow to load

    optimizers = [run.specification.training.chosen_optimizer for run in runs]
    columns = {name: [[getattr(one, name)] for one in optimizers] for name in type(optimizers[0]).model_fields}
    settings = {name: torch.tensor(rows, dtype=rows_rp.dtype) for name, rows in columns.items()}
    starts = torch.tensor([[one.torch().start] for one in optimizers], dtype=rows_rp.dtype).to(rows_rp.device)
    return StackedOptimizer(
        update=UPDATES[optimizers[0].key][1],
        settings={name: column.to(rows_rp.device) for name, column in settings.items()},
        precise={name: column.double() for name, column in settings.items()},
        rates=torch.tensor(columns["learning_rate"], dtype=torch.float64),
        first=torch.zeros_like(rows_rp),
        second=torch.zeros_like(rows_rp) + starts,
        scratch=torch.zeros_like(rows_rp),
    )


def sgd(state: StackedOptimizer, rows_rp: "Tensor", gradient_rp: "Tensor") -> None:
    """Step along the velocity, or ahead of it; PyTorch's begins with the first gradient, which is what zeros give."""
    import torch  # noqa: PLC0415 - torch is optional, and slow to load

    state.add_penalty(rows_rp, gradient_rp)
    momentum, move = state.settings["momentum"], state.first
    state.first.mul_(momentum).add_(gradient_rp)
    if state.precise["nesterov"].any():
        move = torch.where(state.settings["nesterov"] > 0, gradient_rp + momentum * state.first, state.first)
    rows_rp.addcmul_(move, state.settings["learning_rate"], value=-1)


def rmsprop(state: StackedOptimizer, rows_rp: "Tensor", gradient_rp: "Tensor") -> None:
    """Step along the velocity of gradients, each divided by the root of the mean squared gradient."""
    state.add_penalty(rows_rp, gradient_rp)
    alpha = state.settings["alpha"]
    state.second.mul_(alpha).addcmul_(gradient_rp.square(), 1 - alpha)
    state.first.mul_(state.settings["momentum"])
    state.first.addcdiv_(gradient_rp, state.second.sqrt().add_(state.settings["epsilon"]))
    rows_rp.addcmul_(state.first, state.settings["learning_rate"], value=-1)


def adagrad(state: StackedOptimizer, rows_rp: "Tensor", gradient_rp: "Tensor") -> None:
    """Step along the gradient, divided by the root of the sum of squared gradients."""
    state.add_penalty(rows_rp, gradient_rp)
    state.second.addcmul_(gradient_rp, gradient_rp)
    root = state.second.sqrt().add_(state.settings["epsilon"])
    rows_rp.addcmul_(gradient_rp.div_(root), state.settings["learning_rate"], value=-1)


def adam(state: StackedOptimizer, rows_rp: "Tensor", gradient_rp: "Tensor") -> None:
    """Step along the mean gradient, divided by the root of the mean squared gradient, both with the penalty's."""
    state.add_penalty(rows_rp, gradient_rp)
    _adam_step(state, rows_rp, gradient_rp)


def adamw(state: StackedOptimizer, rows_rp: "Tensor", gradient_rp: "Tensor") -> None:
    """Shrink the parameters, then step as Adam without a penalty."""
    rows_rp.mul_(1 - state.settings["learning_rate"] * state.settings["weight_decay"])
    _adam_step(state, rows_rp, gradient_rp)


def _adam_step(state: StackedOptimizer, rows_rp: "Tensor", gradient_rp: "Tensor") -> None:
    import torch  # noqa: PLC0415 - torch is optional, and slow to load

    beta1, beta2 = state.settings["beta1"], state.settings["beta2"]
    state.first.lerp_(gradient_rp, (1 - beta1).expand_as(state.first))
    state.second.mul_(beta2).addcmul_(gradient_rp.square_(), 1 - beta2)
    root, move = gradient_rp, state.scratch
    # The corrections are of float64, as PyTorch's are.
    correction1 = 1 - state.precise["beta1"] ** state.steps
    correction2 = 1 - state.precise["beta2"] ** state.steps
    step_size = (state.precise["learning_rate"] / correction1).to(rows_rp.dtype).to(rows_rp.device)
    torch.sqrt(state.second, out=root).div_(correction2.sqrt().to(rows_rp.dtype).to(rows_rp.device)).add_(
        state.settings["epsilon"]
    )
    rows_rp.sub_(torch.mul(state.first, step_size, out=move).div_(root))


_OF_ADAM = frozenset({"learning_rate", "weight_decay", "beta1", "beta2", "epsilon"})

UPDATES: Mapping[str, tuple[frozenset[str], Update]] = {
    "adam": (_OF_ADAM, adam),
    "adamw": (_OF_ADAM, adamw),
    "sgd": (frozenset({"learning_rate", "weight_decay", "momentum", "nesterov"}), sgd),
    "rmsprop": (frozenset({"learning_rate", "weight_decay", "alpha", "momentum", "epsilon"}), rmsprop),
    "adagrad": (frozenset({"learning_rate", "weight_decay", "epsilon", "initial_accumulator"}), adagrad),
}
"""By key, the settings that an update honours, and the update."""

STACKED_OPTIMIZERS = {
    kind.key: OptimizerSupport(settings=UPDATES[kind.key][0], per_run=UPDATES[kind.key][0] - kind.shared)
    for kind in OPTIMIZERS
    if kind.key in UPDATES
}
