"""A variation: the baseline with declared changes, and nothing else changed."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from ceteris.networks.backbone import NetworkField
from ceteris.networks.kinds import LayerField
from ceteris.training.own_function import TrainField
from ceteris.values.frozen import Frozen

_ONE_LINE = r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"
LONGEST_NAME = 80
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=_ONE_LINE)]
"""One line of text that can stand in a table."""

Value = bool | int | float | str


def many(value: Any) -> Any:
    """Take one table, path or number for a list of one."""
    return [value] if isinstance(value, Mapping | Frozen | str | int) else value


def _layer_path(value: Any) -> Any:
    """Take the number of a layer, counted from 0, for its path."""
    return f"network.layers.{value}" if isinstance(value, int) and not isinstance(value, bool) else value


def _flat(value: Any) -> Any:
    """Join the keys of nested tables: `network.layers.0.kernel = 5` without quotes makes four of them."""
    if not isinstance(value, Mapping):
        return value
    flat: dict[str, Any] = {}
    for key, entry in value.items():
        if isinstance(entry, Mapping) and entry:
            flat.update({f"{key}.{rest}": inner for rest, inner in _flat(entry).items()})
        else:
            flat[key] = entry
    return flat


Layers = Annotated[tuple[LayerField, ...], Field(strict=False), BeforeValidator(many)]
LayerPath = Annotated[str, BeforeValidator(_layer_path), WithJsonSchema({"type": ["string", "integer"]})]
"""The path of a layer of the baseline, for example `network.layers.1`; a file may give its number, 1, instead."""
Paths = Annotated[tuple[LayerPath, ...], Field(strict=False), BeforeValidator(many)]


class Insertion(Frozen):
    """Layers put between two layers of the baseline.

    Attributes:
        after: Path of the layer they follow, for example `network.layers.1`, or its number, here 1.
        before: Path of the layer they precede, if `after` is not given.
        layer: One layer, or a list of them.
    """

    after: LayerPath | None = None
    before: LayerPath | None = None
    layer: Layers


class Replacement(Frozen):
    """Neighbouring layers of the baseline that give way to others.

    Attributes:
        layer: Path of the one layer that goes, for example `network.layers.1`, or its number, here 1.
        layers: Paths or numbers of the neighbours that go, if `layer` is not given.
        by: One layer, or a list of them, that comes in their place.
    """

    layer: LayerPath | None = None
    layers: Paths = ()
    by: Layers


class Level(Frozen):
    """A name, and changes of the baseline; every path means a place in the baseline, whatever else changes.

    Attributes:
        name: Unique in the study, or in the factor whose level it is.
        set: New values by path, for example 5 for `network.layers.0.kernel`.
        insert: Layers to put between layers.
        replace: Layers to put in place of others.
        remove: Paths or numbers of layers to leave out.
        train: A training function of the user's own, `train.py:train`, in place of all that ceteris does to train.
        network: A network to put in place of the baseline's, for example a pretrained backbone with a head.
    """

    later: ClassVar[frozenset[str]] = frozenset({"train"})

    name: Name
    set: Annotated[Mapping[str, Value], BeforeValidator(_flat)] = {}
    insert: Annotated[tuple[Insertion, ...], Field(strict=False), BeforeValidator(many)] = ()
    replace: Annotated[tuple[Replacement, ...], Field(strict=False), BeforeValidator(many)] = ()
    remove: Paths = ()
    network: NetworkField | None = None
    train: TrainField | None = None


class Variation(Level):
    """The baseline with declared changes, and nothing else changed.

    Attributes:
        factor: What the variation is about, for example `depth`; variations of one factor are shown together.
    """

    factor: Name
