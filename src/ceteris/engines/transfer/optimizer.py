"""Adam and SGD on the parameters of many runs at once, each run with its own settings."""

# r = runs of a packed batch, p = parameters of a run

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ceteris.study.run import Run
from ceteris.study.training import Optimizer, Training


@dataclass(kw_only=True)
class StackedOptimizer:
    """PyTorch's definitions of both optimisers, a row a run; settings are columns.

    Attributes:
        kind: The same for all runs.
        settings: By the name in `Training`, a column of the runs' values. Shape (r, 1).
        first: Mean gradient of Adam, momentum of SGD. Shape (r, p).
        second: Mean squared gradient of Adam; zeros for SGD. Shape (r, p).
        scratch: Room for what a step computes on the way: new memory at every step would cost a third of its time.
        steps: Steps taken.
    """

    kind: Optimizer
    settings: dict[str, Tensor]
    first: Tensor
    second: Tensor
    scratch: Tensor
    steps: int = 0

    @property
    def decays(self) -> bool:
        """Whether any run has a weight decay."""
        return bool(self.settings["weight_decay"].any())

    def step(self, rows_rp: Tensor, gradient_rp: Tensor) -> None:
        """Move the parameters against the gradient, in place; the gradient is used up."""
        if self.decays:
            gradient_rp.addcmul_(rows_rp, self.settings["weight_decay"])
        self.steps += 1
        if self.kind is Optimizer.SGD:
            # PyTorch's momentum buffer begins with the first gradient, which is what zeros give.
            self.first.mul_(self.settings["momentum"]).add_(gradient_rp)
            rows_rp.addcmul_(self.first, self.settings["learning_rate"], value=-1)
            return
        beta1, beta2 = self.settings["beta1"], self.settings["beta2"]
        self.first.lerp_(gradient_rp, (1 - beta1).expand_as(self.first))
        self.second.mul_(beta2).addcmul_(gradient_rp.square_(), 1 - beta2)
        root, move = gradient_rp, self.scratch
        # The corrections are of float64, as PyTorch's are.
        correction1 = 1 - beta1.double() ** self.steps
        correction2 = 1 - beta2.double() ** self.steps
        step_size = (self.settings["learning_rate"].double() / correction1).float()
        torch.sqrt(self.second, out=root).div_(correction2.sqrt().float()).add_(self.settings["epsilon"])
        rows_rp.sub_(torch.mul(self.first, step_size, out=move).div_(root))


def stacked_optimizer(runs: Sequence[Run], parameters: int, device: torch.device) -> StackedOptimizer:
    """Begin to optimise runs with one kind of optimiser."""
    trainings = [run.specification.training for run in runs]
    names = ("learning_rate", "weight_decay", "momentum", "beta1", "beta2", "epsilon")
    zeros = torch.zeros(len(runs), parameters, device=device)
    return StackedOptimizer(
        kind=trainings[0].optimizer,
        settings={name: _column(trainings, name, device) for name in names},
        first=zeros,
        second=zeros.clone(),
        scratch=zeros.clone(),
    )


def _column(trainings: Sequence[Training], name: str, device: torch.device) -> Tensor:
    return torch.tensor([getattr(training, name) for training in trainings], dtype=torch.float32, device=device)[
        :, None
    ]
