"""Which presets there are, and how a study asks for one."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ceteris.networks.initialisation import Initialisation
from ceteris.networks.network import Network
from ceteris.networks.presets.lenet5 import LENET5
from ceteris.networks.presets.mobilenet_small import MOBILENET_SMALL
from ceteris.networks.presets.resnet9 import RESNET9
from ceteris.networks.presets.resnet20 import RESNET20
from ceteris.networks.presets.vgg8 import VGG8
from ceteris.values.frozen import Frozen
from ceteris.values.mistakes import FAULT

PRESETS = {preset.name: preset for preset in (LENET5, VGG8, RESNET20, RESNET9, MOBILENET_SMALL)}
"""All of them, by name."""


class PresetName(StrEnum):
    """Their names."""

    LENET5 = "lenet5"
    VGG8 = "vgg8"
    RESNET20 = "resnet20"
    RESNET9 = "resnet9"
    MOBILENET_SMALL = "mobilenet_small"


class PresetNetwork(Frozen):
    """A published network by name, in place of its layers; paths of variations mean the layers that it expands to.

    Attributes:
        preset: Its name.
        width: Channels of its first convolution, of which those of the others are multiples.
        depth: How many convolutions and dense layers it has.
        initialisation: How the weights of its convolutions and dense layers begin.
    """

    preset: Annotated[PresetName, Field(strict=False)]
    width: Annotated[int, Field(ge=1, le=512)] | None = None
    depth: Annotated[int, Field(ge=1, le=1000)] | None = None
    initialisation: Annotated[Initialisation, Field(strict=False)] = Initialisation.DEFAULT


def expanded(choice: PresetNetwork) -> Network:
    """Give the layers of a preset.

    Example:
        >>> [str(layer) for layer in expanded(PresetNetwork(preset="lenet5")).layers][:2]
        ['conv 6, kernel 5, padding same, tanh', 'average pool 2']
    """
    preset = PRESETS[choice.preset]
    fault = preset.fault(choice.width, choice.depth)
    if fault is not None:
        raise PydanticCustomError(FAULT, "{sentence}", {"sentence": fault})
    layers = preset.layers(choice.width or preset.width or 0, choice.depth or preset.depth)
    return Network(layers=layers, initialisation=choice.initialisation)


PresetField = Annotated[PresetNetwork, AfterValidator(expanded)]
