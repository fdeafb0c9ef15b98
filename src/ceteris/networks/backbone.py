"""A network that begins with layers somebody else has trained: a backbone from torchvision, and a head of our own."""

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from ceteris.networks.dense import Dense
from ceteris.networks.initialisation import Initialisation
from ceteris.networks.kinds import HeadLayerField
from ceteris.networks.layer import Layer
from ceteris.networks.network import Network
from ceteris.networks.own_module import ModuleNetwork
from ceteris.networks.presets.choice import PRESETS, PresetField
from ceteris.networks.shape import Shape
from ceteris.usercode.files import CODE_NAME
from ceteris.values.frozen import Frozen
from ceteris.values.mistakes import FAULT

IMAGENET = "imagenet"
"""What `weights` says for torchvision's own, trained on ImageNet."""


class Backbone(StrEnum):
    """The networks of `torchvision.models` that can be built upon.

    MobileNetV2: Sandler et al. 2018, arXiv:1801.04381. ResNet-18: He et al. 2016, arXiv:1512.03385. EfficientNet-B0:
    Tan and Le 2019, arXiv:1905.11946.
    """

    MOBILENET_V2 = "mobilenet_v2"
    RESNET18 = "resnet18"
    EFFICIENTNET_B0 = "efficientnet_b0"


class Statistics(StrEnum):
    """What becomes of the means and variances of batch normalisation: kept as they came, or updated while learning."""

    FROZEN = "frozen"
    UPDATED = "updated"


_TRAIN = re.compile(r"head|all|last ([1-9][0-9]{0,2}) blocks?")
_TRAIN_SCHEMA = {
    "type": "string",
    "pattern": f"^({_TRAIN.pattern})$",
    "examples": ["head", "last 2 blocks", "all"],
}


def _as_train(value: object) -> object:
    if isinstance(value, str) and not _TRAIN.fullmatch(value):
        raise ValueError(value)
    return value


TrainField = Annotated[str, BeforeValidator(_as_train), WithJsonSchema(_TRAIN_SCHEMA)]


class BackboneNetwork(Frozen):
    """A pretrained backbone, whose last features are averaged over the image, and a head that makes classes of them.

    Images are resized to a square (bilinear, antialiased) and normalised as the weights were trained.

    Attributes:
        backbone: `mobilenet_v2`, `resnet18` or `efficientnet_b0`.
        weights: `imagenet` for torchvision's own, or a file that `torch.save` wrote of a state dict; a relative path
            starts from the folder of the study.
        weights_sha256: What the file must have, in hexadecimal; filled in when the study is run.
        resolution: Side in pixels that images are resized to.
        train: `head`, `last N blocks` or `all`; what is not trained stays as it came.
        head: Dropout and dense layers, the last one with as many neurons as the data has classes.
        backbone_learning_rate: Step size for the backbone's weights; the training's own if not given.
        batch_norm: Whether the backbone's batch-norm statistics are `frozen` or `updated` where it is trained.
        initialisation: How the weights of the head's dense layers begin.
    """

    later: ClassVar[frozenset[str]] = frozenset({"initialisation"})
    declared: ClassVar[str] = "head"

    backbone: Annotated[Backbone, Field(strict=False)]
    weights: Annotated[str, Field(min_length=1, max_length=4096)] = IMAGENET
    weights_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    resolution: Annotated[int, Field(ge=32, le=512)] = 96
    train: TrainField = "head"
    head: Annotated[tuple[HeadLayerField, ...], Field(strict=False)] = (Dense(dense="classes"),)
    backbone_learning_rate: Annotated[float, Field(gt=0)] | None = None
    batch_norm: Annotated[Statistics, Field(strict=False)] = Statistics.FROZEN
    initialisation: Annotated[Initialisation, Field(strict=False)] = Initialisation.DEFAULT

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that a study declares one by one: those of the head."""
        return self.head

    @property
    def foundation(self) -> str:
        """What it begins with."""
        return self.backbone

    @property
    def summary(self) -> str:
        """What it is, for a list of what differs."""
        return f"{self}, {'; '.join(str(layer) for layer in self.head)}"

    def first_input(self, image: Shape) -> Shape:
        """Give the size of the features, which its head sees as an image of one pixel."""
        return Shape(1, 1, FEATURES[self.backbone])

    @property
    def is_frozen(self) -> bool:
        """Whether the head alone is trained, so that the features of an image never change."""
        return self.train == "head"

    @property
    def trained_blocks(self) -> int:
        """How many blocks of the backbone are trained, counted from its end."""
        if self.train == "all":
            return BLOCKS[self.backbone]
        match = _TRAIN.fullmatch(self.train)
        return int(match[1]) if match is not None and match[1] else 0

    def __str__(self) -> str:
        trained = {"head": "head trained", "all": "all trained"}.get(self.train, f"{self.train} and head trained")
        return f"{self.backbone} at {self.resolution} x {self.resolution}, {trained}"


BLOCKS = {Backbone.MOBILENET_V2: 19, Backbone.RESNET18: 9, Backbone.EFFICIENTNET_B0: 9}
"""Parts that `last N blocks` counts, the stem among them; a block of EfficientNet is a stage, as in torchvision."""


def block_names(backbone: Backbone) -> tuple[str, ...]:
    """Name the blocks that `last N blocks` counts, first to last, as torchvision names their last module.

    Example:
        >>> block_names(Backbone.RESNET18)[:3]
        ('maxpool', 'layer1.0', 'layer1.1')
    """
    if backbone is Backbone.RESNET18:
        return ("maxpool", *(f"layer{layer}.{block}" for layer in range(1, 5) for block in range(2)))
    return tuple(f"features.{block}" for block in range(BLOCKS[backbone]))


def first_convolution(backbone: Backbone) -> str:
    """Name the convolution that sees the image, as torchvision does."""
    return "conv1" if backbone is Backbone.RESNET18 else "features.0.0"


FEATURES = {Backbone.MOBILENET_V2: 1280, Backbone.RESNET18: 512, Backbone.EFFICIENTNET_B0: 1280}
"""Channels that the head sees."""

AnyNetwork = Network | BackboneNetwork | ModuleNetwork


def _network_kind(network: object) -> Literal["layers", "backbone", "module", "preset"]:
    if isinstance(network, dict):
        kinds: tuple[Literal["backbone", "module", "preset"], ...] = ("backbone", "module", "preset")
        return next((kind for kind in kinds if kind in network), "layers")
    if isinstance(network, ModuleNetwork):
        return "module"
    return "backbone" if isinstance(network, BackboneNetwork) else "layers"


def _table(network: object) -> object:
    """Refuse a list of layers, or a name, that stands where a table belongs, and say what to write."""
    match network:
        case list() | tuple():
            written = "layers = [...]"
        case str() if network in PRESETS:
            written = f'preset = "{network}"'
        case str() if network in tuple(Backbone):
            written = f'backbone = "{network}"'
        case str() if re.fullmatch(CODE_NAME, network):
            written = f'module = "{network}"'
        case _:
            return ModuleNetwork.taken(network)
    found = "a list of layers" if written.startswith("layers") else f'the name "{network}"'
    sentence = f"{found} stands where a table belongs; write network = {{ {written} }}"
    raise PydanticCustomError(FAULT, "{sentence}", {"sentence": sentence})


# A preset is a network once it is read; type checkers see what is left.
if TYPE_CHECKING:
    NetworkField = AnyNetwork
else:
    NetworkField = Annotated[
        Annotated[Network, Tag("layers")]
        | Annotated[BackboneNetwork, Tag("backbone")]
        | Annotated[ModuleNetwork, Tag("module")]
        | Annotated[PresetField, Tag("preset")],
        Discriminator(_network_kind),
        BeforeValidator(_table),
    ]
