"""From the baseline and a variation to the specification of that variation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pydantic import ValidationError

from ceteris.datasets.choice import DataChoice
from ceteris.formatting.wording import listed, nearest, written
from ceteris.networks.backbone import AnyNetwork, BackboneNetwork
from ceteris.networks.layer import Layer
from ceteris.study.specification import Specification
from ceteris.study.variation import Insertion, Replacement, Value, Variation
from ceteris.training.training import Training
from ceteris.values.mistakes import Mistake, Mistakes, Place, wrong_value

_FRACTION = "data.fraction"


def vary(baseline: Specification, variation: Variation) -> Specification:
    """Change in the baseline what a variation declares, and nothing else.

    Args:
        baseline: The baseline's specification; all paths of the variation mean places in it.
        variation: What to change.

    Returns:
        The specification of the variation. Whether its network fits the images is for `ceteris.study.check` to say.

    Raises:
        Mistakes: If a path leads nowhere, a value cannot be, or two changes contradict each other; the places are
            relative to the variation.
    """
    edit = _Edit(baseline=baseline, network=variation.network)
    if variation.network is not None:
        edit.put_network(variation)
    for path, value in variation.set.items():
        edit.set_value(path, value)
    for index, replacement in enumerate(variation.replace):
        edit.replace(replacement, ("replace", index))
    for index, path in enumerate(variation.remove):
        edit.remove(path, ("remove", index))
    # Last, because where layers may be inserted depends on what is replaced.
    for index, insertion in enumerate(variation.insert):
        edit.insert(insertion, ("insert", index))
    if edit.mistakes:
        raise Mistakes(*edit.mistakes)
    return edit.result()


@dataclass(kw_only=True)
class _Edit:
    """The baseline with its changes pencilled in: what stands on each of its places, and what goes between them."""

    baseline: Specification
    network: AnyNetwork | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    training: dict[str, Value] = field(default_factory=dict)
    data: dict[str, Value] = field(default_factory=dict)
    backbone: dict[str, Value] = field(default_factory=dict)
    settings: dict[int, dict[str, Value]] = field(default_factory=dict)
    gone: dict[int, Sequence[Layer]] = field(default_factory=dict)
    groups: list[range] = field(default_factory=list)
    gaps: dict[int, list[Layer]] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """What the paths of the baseline's layers begin with."""
        return "network.head." if isinstance(self.baseline.network, BackboneNetwork) else "network.layers."

    def put_network(self, variation: Variation) -> None:
        """Put a whole network in place of the baseline's; then no other change may mean a place in that."""
        if self.network == self.baseline.network:
            sentence = "network is what the baseline has; remove it, or give another."
            self.mistakes.append(Mistake(place=("network",), sentence=sentence, compares=True))
        for key in ("insert", "replace", "remove"):
            if getattr(variation, key):
                self.refuse((key,), f"network and {key} contradict each other; write the layers into network.")

    def set_value(self, path: str, value: Value) -> None:
        place = ("set", path)
        layers = self.baseline.network.layers
        owners: dict[str, Training | DataChoice | BackboneNetwork | Layer] = {
            f"training.{name}": self.baseline.training for name in Training.model_fields
        }
        owners[_FRACTION] = self.baseline.data
        if isinstance(self.baseline.network, BackboneNetwork):
            names = (name for name in BackboneNetwork.model_fields if name != "head")
            owners |= {f"network.{name}": self.baseline.network for name in names}
        owners |= {
            f"{self.prefix}{i}.{name}": layer for i, layer in enumerate(layers) for name in type(layer).model_fields
        }
        if path != _FRACTION and (path == "data" or path.startswith("data.")):
            self.refuse(
                place,
                f'"{path}" cannot be varied; all variations look at the same images, declared in [data]. '
                f'How many of them a run learns from can be: "{_FRACTION}".',
            )
            return
        if path not in owners:
            self.no_path(place, path, list(owners), layers)
            return
        if self.network is not None and path.startswith("network."):
            self.refuse(
                place, f'"{path}" is a place in the network that this variation replaces; write it into network.'
            )
            return
        *owner, name = path.split(".")
        before = owners[path]
        try:
            after = type(before).model_validate({**before.model_dump(), name: value})
        except ValidationError:
            self.refuse(place, wrong_value(type(before), name, f'"{path}"', value))
            return
        if after == before:
            sentence = f'"{path}" = {written(value)} is what the baseline has; remove it, or give another value.'
            self.mistakes.append(Mistake(place=place, sentence=sentence, compares=True))
        elif owner == ["training"]:
            self.training[name] = value
        elif owner == ["data"]:
            self.data[name] = value
        elif owner == ["network"]:
            self.backbone[name] = value
        else:
            self.settings.setdefault(int(owner[-1]), {})[name] = value

    def replace(self, replacement: Replacement, place: Place) -> None:
        if (replacement.layer is None) == (not replacement.layers):
            self.refuse(
                place, "replace takes either layer = one path or layers = [paths], and by = what comes instead."
            )
            return
        key = "layers" if replacement.layers else "layer"
        paths = replacement.layers or (replacement.layer or "",)
        indices = [self.layer_index(path, (*place, key)) for path in paths]
        known = [index for index in indices if index is not None]
        if len(known) < len(indices) or not all(self.claim(index, (*place, key)) for index in known):
            return
        if any(second - first != 1 for first, second in pairwise(known)):
            self.refuse(
                (*place, key),
                f"replace: {listed(paths)} are not neighbours in the baseline's order; replace each by itself.",
            )
            return
        self.groups.append(range(known[0], known[-1] + 1))
        self.gone.update(dict.fromkeys(known, ()))
        self.gone[known[0]] = replacement.by

    def remove(self, path: str, place: Place) -> None:
        index = self.layer_index(path, place)
        if index is not None and self.claim(index, place):
            self.gone[index] = ()

    def insert(self, insertion: Insertion, place: Place) -> None:
        if (insertion.after is None) == (insertion.before is None):
            self.refuse(place, "insert takes either after or before, one path, and layer = what comes there.")
            return
        key = "after" if insertion.after is not None else "before"
        path = insertion.after or insertion.before or ""
        index = self.layer_index(path, (*place, key))
        if index is None:
            return
        gap = index + 1 if key == "after" else index
        if any(group.start < gap < group.stop for group in self.groups):
            self.refuse(
                (*place, key),
                f'insert {key} "{path}" lies between layers that the variation replaces; put the layer into by.',
            )
            return
        self.gaps.setdefault(gap, []).extend(insertion.layer)

    def layer_index(self, path: str, place: Place) -> int | None:
        layers = self.baseline.network.layers
        paths = [f"{self.prefix}{index}" for index in range(len(layers))]
        if path in paths:
            return paths.index(path)
        self.no_path(place, path, paths, layers)
        return None

    def claim(self, index: int, place: Place) -> bool:
        """Say that a layer of the baseline goes; no other change may then mean it."""
        if index in self.gone or index in self.settings:
            self.refuse(place, f'"{self.prefix}{index}" is changed twice; set, replace or remove a layer once.')
            return False
        return True

    def no_path(self, place: Place, path: str, known: Sequence[str], layers: Sequence[Layer]) -> None:
        close = nearest(path, known)
        if close is not None and not self.names_absent_layer(path):
            end = f'did you mean "{close}"?'
        elif not layers:
            end = "its settings are training.*."
        elif (owner := path.rpartition(".")[0]) != self.prefix[:-1] and (
            siblings := [name for name in known if name.rpartition(".")[0] == owner]
        ):
            end = f"there are {listed(siblings)}."
        else:
            others = "network.* and training.*" if self.prefix == "network.head." else "training.*"
            last = len(layers) - 1
            end = f"the baseline's layers are {self.prefix}0 to {self.prefix}{last}, its other settings {others}."
        self.refuse(place, f'the baseline has no "{path}"; {end}')

    def refuse(self, place: Place, sentence: str) -> None:
        self.mistakes.append(Mistake(place=place, sentence=sentence))

    def result(self) -> Specification:
        layers: list[Layer] = []
        for index, layer in enumerate(self.baseline.network.layers):
            layers += self.gaps.get(index, [])
            layers += self.gone.get(index, [_with(layer, self.settings.get(index, {}))])
        layers += self.gaps.get(len(self.baseline.network.layers), [])
        before = self.baseline
        network = self.network
        if network is None and isinstance(before.network, BackboneNetwork):
            settings = {**before.network.model_dump(), **self.backbone, "head": tuple(layers)}
            network = BackboneNetwork.model_validate(settings)
        elif network is None:
            network = before.network.model_validate({"layers": tuple(layers)})
        return Specification(
            data=DataChoice.model_validate({**before.data.model_dump(), **self.data}),
            network=network,
            training=Training.model_validate({**before.training.model_dump(), **self.training}),
        )

    def names_absent_layer(self, path: str) -> bool:
        index = path.removeprefix(self.prefix).split(".")[0]
        return path.startswith(self.prefix) and index.isdecimal() and int(index) >= len(self.baseline.network.layers)


def _with(layer: Layer, settings: dict[str, Value]) -> Layer:
    return type(layer).model_validate({**layer.model_dump(), **settings})
