"""A network: the layers that an image passes through, in order."""

from ceteris.study.frozen import Frozen
from ceteris.study.layers import Layer


class Network(Frozen):
    """Layers in order, ending in a dense layer with as many neurons as the data has classes."""

    layers: tuple[Layer, ...]
