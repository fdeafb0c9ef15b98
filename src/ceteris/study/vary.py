"""From the baseline and a variation to the specification of that variation."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from pydantic import ValidationError

from ceteris.datasets.choice import DataChoice
from ceteris.formatting.wording import listed, nearest, written
from ceteris.networks.backbone import AnyNetwork
from ceteris.networks.layer import Layer
from ceteris.networks.own_module import ModuleNetwork
from ceteris.study.specification import Specification
from ceteris.study.variation import Insertion, Level, Replacement, Value
from ceteris.training.own_function import TrainFunction
from ceteris.training.training import Training
from ceteris.values.mistakes import Mistake, Mistakes, Place, wrong_value

_INDEX = re.compile(r"\[(\d+)\]")
_OF_PRESETS = ("network.preset", "network.width", "network.depth")
_FRACTION = "data.fraction"
_ARGUMENTS, _OF_FUNCTION = "network.arguments.", "train.arguments."


def vary(baseline: Specification, variation: Level) -> Specification:
    """Change in the baseline what a variation declares, and nothing else.

    Args:
        baseline: The baseline's specification; all paths of the variation mean places in it.
        variation: What to change; a variation, or a level of a crossed factor.

    Returns:
        The specification of the variation. Whether its network fits the images is for `ceteris.study.check` to say.

    Raises:
        Mistakes: If a path leads nowhere, a value cannot be, or two changes contradict each other; the places are
            relative to the variation.
    """
    edit = _Edit(baseline=baseline, network=variation.network, train=variation.train or baseline.train)
    if variation.network is not None:
        edit.put_network(variation)
    for path, value in variation.set.items():
        if baseline.train is not None and path.startswith(_OF_FUNCTION):
            edit.set_function_argument(baseline.train, path, value)
        else:
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
    train: TrainFunction | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    training: dict[str, Value] = field(default_factory=dict)
    data: dict[str, Value] = field(default_factory=dict)
    backbone: dict[str, Value] = field(default_factory=dict)
    arguments: dict[str, Value] = field(default_factory=dict)
    settings: dict[str, dict[str, Value]] = field(default_factory=dict)  # by the path of a layer
    gone: dict[str, Sequence[Layer]] = field(default_factory=dict)
    groups: list[tuple[str, range]] = field(default_factory=list)  # where in which list of layers
    gaps: dict[tuple[str, int], list[Layer]] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """What the paths of the baseline's layers begin with."""
        return f"network.{self.baseline.network.declared}."

    @cached_property
    def places(self) -> dict[str, Layer]:
        """Every layer of the baseline by its path, also those that layers hold."""
        return dict(_paths(self.baseline.network.layers, self.prefix))

    def put_network(self, variation: Level) -> None:
        """Put a whole network in place of the baseline's; then no other change may mean a place in that."""
        if self.network == self.baseline.network:
            sentence = "network is what the baseline has; remove it, or give another."
            self.mistakes.append(Mistake(place=("network",), sentence=sentence, compares=True))
        for key in ("insert", "replace", "remove"):
            if getattr(variation, key):
                self.refuse((key,), f"network and {key} contradict each other; write the layers into network.")

    def set_value(self, path: str, value: Value) -> None:
        place = ("set", path)
        network = self.baseline.network
        owners: dict[str, Training | DataChoice | AnyNetwork | Layer] = {
            f"training.{name}": self.baseline.training for name in Training.model_fields
        }
        owners[_FRACTION] = self.baseline.data
        owners |= {f"network.{name}": network for name in type(network).model_fields if name != network.declared}
        owners |= {
            f"{where}.{name}": layer
            for where, layer in self.places.items()
            for name in type(layer).model_fields
            if name != layer.holds
        }
        if path != _FRACTION and (path == "data" or path.startswith("data.")):
            self.refuse(
                place,
                f'"{path}" cannot be varied; all variations look at the same images, declared in [data]. '
                f'How many of them a run learns from can be: "{_FRACTION}".',
            )
            return
        is_own = isinstance(network, ModuleNetwork) and path.startswith("network.")
        if path not in owners and not is_own:
            self.no_path(place, path, list(owners), network.layers)
            return
        if self.network is not None and path.startswith("network."):
            self.refuse(
                place, f'"{path}" is a place in the network that this variation replaces; write it into network.'
            )
            return
        *owner, name = path.split(".")
        if isinstance(network, ModuleNetwork) and is_own:
            self.set_argument(network, path, value)
            return
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
            self.settings.setdefault(".".join(owner), {})[name] = value

    def set_argument(self, network: ModuleNetwork, path: str, value: Value) -> None:
        """Give the user's own module another argument, also one that the baseline leaves at its default."""
        place, name = ("set", path), path.removeprefix(_ARGUMENTS)
        if not name.isidentifier():
            end = 'its arguments are network.arguments.*; for another module write network = { module = "..." }.'
            self.refuse(place, f'"{path}" cannot be set in a module of your own; {end}')
        elif dict(network.arguments).get(name) == value:
            sentence = f'"{path}" = {written(value)} is what the baseline has; remove it, or give another value.'
            self.mistakes.append(Mistake(place=place, sentence=sentence, compares=True))
        self.arguments[name] = value

    def set_function_argument(self, before: TrainFunction, path: str, value: Value) -> None:
        """Give the baseline's training function another argument."""
        assert self.train is not None, "the baseline has one"
        place, name = ("set", path), path.removeprefix(_OF_FUNCTION)
        if dict(before.arguments).get(name) == value:
            sentence = f'"{path}" = {written(value)} is what the baseline has; remove it, or give another value.'
            self.mistakes.append(Mistake(place=place, sentence=sentence, compares=True))
        arguments = {**dict(self.train.arguments), name: value}
        try:
            self.train = TrainFunction.model_validate({**self.train.model_dump(), "arguments": arguments})
        except ValidationError:
            self.refuse(place, f'"{path}" names no argument; a name has letters, digits and underscores.')

    def replace(self, replacement: Replacement, place: Place) -> None:
        if (replacement.layer is None) == (not replacement.layers):
            self.refuse(
                place, "replace takes either layer = one path or layers = [paths], and by = what comes instead."
            )
            return
        key = "layers" if replacement.layers else "layer"
        paths = replacement.layers or (replacement.layer or "",)
        known = [path for path in paths if self.is_layer(path, (*place, key))]
        if len(known) < len(paths) or not all(self.claim(path, (*place, key)) for path in known):
            return
        spots = [_spot(path) for path in known]
        if any(second != (first[0], first[1] + 1) for first, second in pairwise(spots)):
            self.refuse(
                (*place, key),
                f"replace: {listed(paths)} are not neighbours in the baseline's order; replace each by itself.",
            )
            return
        self.groups.append((spots[0][0], range(spots[0][1], spots[-1][1] + 1)))
        self.gone.update(dict.fromkeys(known, ()))
        self.gone[known[0]] = replacement.by

    def remove(self, path: str, place: Place) -> None:
        if self.is_layer(path, place) and self.claim(path, place):
            self.gone[path] = ()

    def insert(self, insertion: Insertion, place: Place) -> None:
        if (insertion.after is None) == (insertion.before is None):
            self.refuse(place, "insert takes either after or before, one path, and layer = what comes there.")
            return
        key = "after" if insertion.after is not None else "before"
        path = insertion.after or insertion.before or ""
        if not self.is_layer(path, (*place, key)):
            return
        around, index = _spot(path)
        gap = index + 1 if key == "after" else index
        if any(around.startswith(f"{gone}.") for gone in self.gone):
            self.refuse(
                (*place, key),
                f'insert {key} "{path}" lies in a layer that the variation replaces or removes; do one.',
            )
            return
        if any(around == where and group.start < gap < group.stop for where, group in self.groups):
            self.refuse(
                (*place, key),
                f'insert {key} "{path}" lies between layers that the variation replaces; put the layer into by.',
            )
            return
        self.gaps.setdefault((around, gap), []).extend(insertion.layer)

    def is_layer(self, path: str, place: Place) -> bool:
        """Refuse a path that is none of the layers."""
        if path not in self.places:
            self.no_path(place, path, list(self.places), self.baseline.network.layers)
        return path in self.places

    def claim(self, path: str, place: Place) -> bool:
        """Say that a layer of the baseline goes; no other change may then mean it, what it holds, or what holds it."""
        for other in (*self.gone, *self.settings):
            is_around = other in self.gone and f"{path}.".startswith(f"{other}.")
            if is_around or f"{other}.".startswith(f"{path}."):
                self.refuse(place, f'"{path}" is changed twice; set, replace or remove a layer once.')
                return False
        return True

    def no_path(self, place: Place, path: str, known: Sequence[str], layers: Sequence[Layer]) -> None:
        meant = _INDEX.sub(r".\1", path)  # of Python: layers[0]
        close = meant if meant in known else nearest(meant, known)
        if path == self.prefix[:-1] or path in _OF_PRESETS:
            end = 'a whole network stands beside set, for example network = { preset = "resnet20", depth = 32 }.'
        elif close is not None and not self.names_absent_layer(meant):
            end = f'did you mean "{close}"?'
        elif not layers:
            own = ["network.arguments.*"] if isinstance(self.baseline.network, ModuleNetwork) else []
            own += ["train.arguments.*"] if self.baseline.train else []
            end = f"its settings are {listed((*own, 'training.*'))}."
        elif (owner := path.rpartition(".")[0]) != self.prefix[:-1] and (
            siblings := [name for name in known if name.rpartition(".")[0] == owner]
        ):
            end = f"there {'is' if len(siblings) == 1 else 'are'} {listed(siblings)}."
        else:
            others = "network.* and training.*" if self.baseline.network.foundation else "training.*"
            last = len(layers) - 1
            blocks = [where for where, layer in self.places.items() if layer.holds]
            inner = f" (in the block {blocks[0]}: {blocks[0]}.{self.places[blocks[0]].holds}.0)" if blocks else ""
            end = (
                f"the baseline's layers are {self.prefix}0 to {self.prefix}{last}{inner}, its other settings {others}."
            )
        self.refuse(place, f'the baseline has no "{path}"; {end}')

    def refuse(self, place: Place, sentence: str) -> None:
        self.mistakes.append(Mistake(place=place, sentence=sentence))

    def result(self) -> Specification:
        before, network = self.baseline, self.network
        if network is None:
            fields = {**before.network.model_dump(), **self.backbone}
            if isinstance(before.network, ModuleNetwork):
                fields["arguments"] = {**fields["arguments"], **self.arguments}
            else:
                fields[before.network.declared] = self.edited(before.network.layers, self.prefix)
            network = before.network.model_validate(fields)
        return Specification(
            data=DataChoice.model_validate({**before.data.model_dump(), **self.data}),
            network=network,
            training=Training.model_validate({**before.training.model_dump(), **self.training}),
            train=self.train,
        )

    def edited(self, layers: Sequence[Layer], prefix: str) -> tuple[Layer, ...]:
        """Give a list of layers with all changes made to it, and to what its layers hold."""
        found: list[Layer] = []
        for index, layer in enumerate(layers):
            path = f"{prefix}{index}"
            found += self.gaps.get((prefix, index), [])
            if path in self.gone:
                found += self.gone[path]
                continue
            settings: dict[str, object] = {**layer.model_dump(), **self.settings.get(path, {})}
            if layer.holds:
                settings[layer.holds] = self.edited(layer.inner, f"{path}.{layer.holds}.")
            found.append(type(layer).model_validate(settings))
        return (*found, *self.gaps.get((prefix, len(layers)), []))

    def names_absent_layer(self, path: str) -> bool:
        """Say whether a path goes through a list of layers that is there, at an index that it does not have."""
        parts = path.split(".")
        starts = [".".join(parts[: end + 1]) for end, part in enumerate(parts) if part.isdecimal()]
        lists = {_spot(place)[0] for place in self.places}
        return any(start not in self.places and _spot(start)[0] in lists for start in starts)


def _paths(layers: Sequence[Layer], prefix: str) -> Iterator[tuple[str, Layer]]:
    for index, layer in enumerate(layers):
        yield f"{prefix}{index}", layer
        yield from _paths(layer.inner, f"{prefix}{index}.{layer.holds}.")


def _spot(path: str) -> tuple[str, int]:
    """Take the path of a layer apart: the list that it is in, and its index there."""
    around, _, index = path.rpartition(".")
    return f"{around}.", int(index)
