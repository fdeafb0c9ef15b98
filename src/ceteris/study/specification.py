"""What a study says of one arm: images, network and training; everything but the seed that decides what a run does."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from pydantic import model_validator

from ceteris.datasets.choice import DataChoice
from ceteris.networks.backbone import NetworkField
from ceteris.networks.batch_norm import BatchNorm
from ceteris.networks.own_module import ModuleNetwork
from ceteris.networks.placed import placed_layers
from ceteris.networks.shape import Shape
from ceteris.training.own_function import TrainField
from ceteris.training.training import Training
from ceteris.usercode.files import Files
from ceteris.values.frozen import Frozen


class Baseline(Frozen):
    """The network and the training that every variation changes one thing of.

    Attributes:
        network: Its layers, a pretrained backbone with a head, or a PyTorch module of the user's own.
        training: How it learns.
        train: A training function of the user's own, `train.py:train`, in place of all that ceteris does to train.
    """

    later: ClassVar[frozenset[str]] = frozenset({"train"})

    network: NetworkField
    training: Training
    train: TrainField | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_network(cls, value: Any) -> Any:
        """Let a function of the user's own do without a network that the study declares."""
        is_alone = isinstance(value, dict) and value.get("train") is not None and "network" not in value
        return {**value, "network": {"layers": ()}} if is_alone else value


class Specification(Frozen):
    """Data, network and training of one arm of a study, complete: no default is left to be filled in."""

    data: DataChoice
    later: ClassVar[frozenset[str]] = frozenset({"train"})

    network: NetworkField
    training: Training
    train: TrainField | None = None

    @cached_property
    def written(self) -> Mapping[str, Any]:
        """What is written of it, in JSON's types: the same for all seeds of an arm."""
        return self.model_dump(mode="json")

    @property
    def runs_own_code(self) -> bool:
        """Whether code of the user's own is run to train it."""
        return bool(self.code)

    @property
    def own_name(self) -> str:
        """The name that the study gives its own code; empty if there is none."""
        module = self.network.module if isinstance(self.network, ModuleNetwork) else ""
        return self.train.function if self.train else module

    @property
    def code(self) -> Files:
        """Text by path of the user's own code; empty if there is none."""
        module = self.network.code if isinstance(self.network, ModuleNetwork) else ()
        return tuple(sorted({**dict(module), **dict(self.train.code if self.train else ())}.items()))


def lone_value_layer(specification: Specification, image: Shape, classes: int, images: int) -> int | None:
    """Find a batch norm that sees a single value per channel in some minibatch, and so no variance.

    Args:
        specification: The network and the size of its minibatches.
        image: Size of the images.
        classes: How many classes there are.
        images: How many images an epoch learns from.

    Returns:
        The index of the first layer that is or holds one, from 0; None if every minibatch has two values.

    Example:
        >>> from ceteris.networks.dense import Dense
        >>> from ceteris.networks.network import Network
        >>> layers = [Dense(dense=5), BatchNorm(batch_norm=True), Dense(dense="classes")]
        >>> one = Specification(data=DataChoice(), network=Network(layers=layers), training=Training(batch_size=8))
        >>> [lone_value_layer(one, Shape(32, 32, 3), 10, images) for images in (80, 81, 82)]
        [None, 1, None]
    """
    size = specification.training.batch_size
    if size > 1 and images % size != 1:
        return None
    for index, placed in enumerate(placed_layers(specification.network, image, classes)):
        norms = (one for one in placed.tree() if isinstance(one.layer, BatchNorm))
        if any(norm.before.height == norm.before.width == 1 for norm in norms):
            return index
    return None
