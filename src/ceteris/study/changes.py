"""What a variation changes, computed from two specifications and never typed by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, TypeGuard

from ceteris.formatting.wording import listed
from ceteris.networks.backbone import AnyNetwork
from ceteris.networks.layer import Layer
from ceteris.networks.own_module import ModuleNetwork
from ceteris.study.specification import Specification
from ceteris.training.own_function import TrainFunction
from ceteris.usercode.files import Argument, entry_path, line_diff

Setting = Argument | None


@dataclass(frozen=True, kw_only=True)
class SettingChange:
    """One value that differs.

    Attributes:
        path: Where it stands in the baseline, for example `training.learning_rate` or `network.layers.0.kernel`.
        before: The baseline's value.
        after: The variation's.
        layer: The baseline's layer whose value it is, if it is a layer's.
    """

    path: str
    before: Setting
    after: Setting
    layer: Layer | None = None

    @property
    def name(self) -> str:
        """The last word of the path."""
        return self.path.rpartition(".")[2]

    @property
    def parts(self) -> tuple[str, str, str]:
        """For a reader: what differs, its value in the baseline, and in the variation."""
        owner = self.path.split(".")[:-1]
        holder = "data: " if owner == ["data"] else ""
        if self.layer is not None:
            kind = "head layer" if owner[1] == "head" else "layer"
            holder = f"{kind} {_number(owner)} ({_short(self.layer)}): "
        return f"{holder}{self.name.replace('_', ' ')}", _written(self.before), _written(self.after)

    def __str__(self) -> str:
        what, before, after = self.parts
        return f"{what} {before} -> {after}"


@dataclass(frozen=True, kw_only=True)
class LayerAdded:
    """A layer that the baseline lacks.

    Attributes:
        path: Where it stands in the variation, for example `network.layers.3`.
        layer: The layer.
    """

    path: str
    layer: Layer

    @property
    def parts(self) -> tuple[str, str, str]:
        """For a reader: what differs, and what is there in the baseline, and in the variation."""
        return f"layer {_number(self.path.split('.'))}", "", str(self.layer)

    def __str__(self) -> str:
        return f"{self.parts[0]} added: {self.layer}"


@dataclass(frozen=True, kw_only=True)
class LayerRemoved:
    """A layer that the variation lacks.

    Attributes:
        path: Where it stood in the baseline.
        layer: The layer.
    """

    path: str
    layer: Layer

    @property
    def parts(self) -> tuple[str, str, str]:
        """For a reader: what differs, and what is there in the baseline, and in the variation."""
        return f"layer {_number(self.path.split('.'))}", str(self.layer), ""

    def __str__(self) -> str:
        return f"{self.parts[0]} removed: {self.layer}"


@dataclass(frozen=True, kw_only=True)
class NetworkReplaced:
    """A network of another kind, on another backbone, or of mostly other layers: little has its place in the other.

    Attributes:
        before: The baseline's network.
        after: The variation's.
    """

    before: AnyNetwork
    after: AnyNetwork

    @property
    def parts(self) -> tuple[str, str, str]:
        """For a reader: what differs, and what it is in the baseline, and in the variation."""
        return "network", self.before.summary, self.after.summary

    def __str__(self) -> str:
        return " ".join((self.parts[0], self.parts[1], "->", self.parts[2]))


@dataclass(frozen=True, kw_only=True)
class CodeChange:
    """A file of the user's code that differs.

    Attributes:
        path: As seen from the folder of the study, for example `nets.py`; both where the file has another name.
        diff: The lines that differ, as a unified diff.
    """

    path: str
    diff: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, str, str]:
        """For a reader: what differs, and the line of the baseline and of the variation, or how many lines."""
        before, after = (
            [line[1:].strip() for line in self.diff if line[:1] == sign and line[1:].strip()] for sign in ("-", "+")
        )
        return f"code of {self.path}", _lines_in_words(before), _lines_in_words(after)

    @property
    def short_diff(self) -> tuple[str, ...]:
        """The first lines of the diff."""
        left = len(self.diff) - _MOST_LINES
        return (*self.diff[:_MOST_LINES], *([f"... and {left} more lines"] if left > 0 else []))

    def __str__(self) -> str:
        what, before, after = self.parts
        return f"{what}: {before or 'no line'} -> {after or 'no line'}"


def _lines_in_words(lines: Sequence[str]) -> str:
    if not lines:
        return ""
    if len(lines) > 1:
        return f"{len(lines)} lines"
    return lines[0] if len(lines[0]) <= _LONGEST_LINE else "1 line"


Change = SettingChange | LayerAdded | LayerRemoved | NetworkReplaced | CodeChange


def changes(baseline: Specification, variation: Specification) -> tuple[Change, ...]:
    """Say what differs between two specifications, in as few changes as will do.

    Layers are aligned first, so that an inserted layer reads as one layer added and not as every later one changed.

    Returns:
        Changes of layers in the order of the network, then of training, then of data; empty if nothing differs. The
        `str` of each is for a reader, who counts layers from 1.
    """
    found: list[Change] = list(_network_changes(baseline.network, variation.network))
    found += _function_changes(baseline.train, variation.train)
    for room in ("training", "data"):
        before, after = getattr(baseline, room), getattr(variation, room)
        for name in type(before).model_fields:
            if getattr(before, name) != getattr(after, name):
                path = f"{room}.{name}"
                found.append(SettingChange(path=path, before=getattr(before, name), after=getattr(after, name)))
    return tuple(found)


def in_words(found: Sequence[Change]) -> tuple[str, ...]:
    """Say changes to a reader, one line each; what is changed alike in several layers is said once.

    Example:
        >>> from ceteris.networks.convolution import Convolution
        >>> layers = [Convolution(conv=7), Convolution(conv=9)]
        >>> found = [
        ...     SettingChange(path=f"network.layers.{i}.kernel", before=3, after=5, layer=layer)
        ...     for i, layer in enumerate(layers)
        ... ]
        >>> in_words(found)
        ('layers 1 and 2: kernel 3 -> 5',)
    """
    alike: dict[Any, list[Change]] = {}
    for place, change in enumerate(found):
        key: Any = change
        if _is_of_layer(change):
            key = (change.name, change.before, change.after)
        elif isinstance(change, LayerAdded | LayerRemoved):  # neighbours have numbers that rise with their places
            owner, _, index = change.path.rpartition(".")
            key = (type(change), owner, int(index) - place)
        alike.setdefault(key, []).append(change)
    return tuple(sentence for group in alike.values() for sentence in _together(group))


def _is_of_layer(change: Change) -> TypeGuard[SettingChange]:
    return isinstance(change, SettingChange) and change.layer is not None


_MOST_NEIGHBOURS = 3
"""Layers one after the other that are listed by themselves."""


def _together(group: Sequence[Change]) -> tuple[str, ...]:
    numbers = [_number(change.path.split(".")) for change in group if not isinstance(change, NetworkReplaced)]
    if _is_of_layer(group[0]) and len(group) > 1:
        return (f"layers {listed(numbers)}: {str(group[0]).split(': ', 1)[1]}",)
    layers = [str(change.layer) for change in group if isinstance(change, LayerAdded | LayerRemoved)]
    if len(layers) <= _MOST_NEIGHBOURS:
        return tuple(map(str, group))
    verb = "added" if isinstance(group[0], LayerAdded) else "removed"
    return (f"layers {numbers[0]} to {numbers[-1]} {verb}: {_repeated(layers)}",)


def _repeated(layers: Sequence[str]) -> str:
    """List layers; what comes again and again is listed once."""
    periods = (period for period in range(1, len(layers)) if len(layers) % period == 0)
    period = next((p for p in periods if all(a == b for a, b in zip(layers, layers[p:], strict=False))), len(layers))
    text = "; ".join(layers[:period])
    return text if period == len(layers) else f"{len(layers) // period} times ({text})"


# A changed value costs less than half of a layer, so that a layer with all four of its values changed is still one
# layer that changed and not one that went and another that came.
_LAYER_COST = 1.0
_VALUE_COST = 0.45

_MOST_CHANGES = 12
"""Changes of layers that are listed even where most layers are others; more of them say that it is another network."""

_SHA256_DIGITS = 64
_MOST_LINES = 40
_LONGEST_LINE = 40
_ALIKE = 0.5  # of two texts, from 0 to 1


def _network_changes(before: AnyNetwork, after: AnyNetwork) -> Iterator[Change]:
    if before.foundation != after.foundation:
        yield NetworkReplaced(before=before, after=after)
        return
    if isinstance(before, ModuleNetwork) and isinstance(after, ModuleNetwork):
        yield from _module_changes(before, after)
        return
    for name in type(before).model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if old != new and name != before.declared:
            yield SettingChange(path=f"network.{name}", before=old, after=new)
    found = list(_layer_changes(before.layers, after.layers, f"network.{before.declared}"))
    other = sum(_cost(change.layer) for change in found if isinstance(change, LayerAdded | LayerRemoved))
    if len(found) > _MOST_CHANGES and other > sum(map(_cost, (*before.layers, *after.layers))) / 2:
        yield NetworkReplaced(before=before, after=after)
    else:
        yield from found


def _module_changes(before: ModuleNetwork, after: ModuleNetwork) -> Iterator[Change]:
    if before.module != after.module:
        yield SettingChange(path="network.module", before=before.module, after=after.module)
    yield from _argument_changes("network", before.arguments, after.arguments)
    yield from _code_changes((before.module, before.code), (after.module, after.code))


def _function_changes(before: TrainFunction | None, after: TrainFunction | None) -> Iterator[Change]:
    old, new = (None if one is None else one.function for one in (before, after))
    if old != new:
        yield SettingChange(path="training_function", before=old, after=new)
    if before is None or after is None:
        return
    yield from _argument_changes("train", before.arguments, after.arguments)
    yield from _code_changes((before.function, before.code), (after.function, after.code))


def _argument_changes(
    owner: str, before: Sequence[tuple[str, Argument]], after: Sequence[tuple[str, Argument]]
) -> Iterator[Change]:
    old, new = dict(before), dict(after)
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield SettingChange(path=f"{owner}.arguments.{name}", before=old.get(name), after=new.get(name))


_NamedCode = tuple[str, Sequence[tuple[str, str]]]


def _code_changes(before: _NamedCode, after: _NamedCode) -> Iterator[Change]:
    """Compare the files that the names are in with each other, and all others by their paths."""
    (old, old_text), (new, new_text) = ((entry_path(*one), dict(one[1])) for one in (before, after))
    pairs = [(old, new)]
    pairs += [(path, path) for path in sorted(({*old_text} & {*new_text}) - {old, new})]
    gone, come = sorted({*old_text} - {*new_text, old}), sorted({*new_text} - {*old_text, new})
    for path in gone:  # with the file that is most like it
        alike = {one: SequenceMatcher(None, old_text[path], new_text[one]).ratio() for one in come}
        other = max(alike, key=lambda one: alike[one], default=path)
        if alike.get(other, 0) > _ALIKE:
            come.remove(other)
        pairs.append((path, other if alike.get(other, 0) > _ALIKE else path))
    pairs += [(path, path) for path in come]
    for first, second in pairs:
        diff = line_diff(old_text.get(first, ""), new_text.get(second, ""))
        if diff:
            yield CodeChange(path=first if first == second else f"{first} -> {second}", diff=diff)


def _layer_changes(before: Sequence[Layer], after: Sequence[Layer], prefix: str) -> Iterator[Change]:
    """Walk the cheapest alignment (Wagner and Fischer 1974, doi:10.1145/321796.321811) of two lists of layers."""
    costs = _costs(before, after)
    i = j = 0
    while i < len(before) or j < len(after):
        paired = _pair_cost(before[i], after[j]) if i < len(before) and j < len(after) else None
        if paired is not None and costs[i][j] == paired + costs[i + 1][j + 1]:
            for name in _differing(before[i], after[j]):
                old, new = getattr(before[i], name), getattr(after[j], name)
                yield SettingChange(path=f"{prefix}.{i}.{name}", before=old, after=new, layer=before[i])
            yield from _layer_changes(before[i].inner, after[j].inner, f"{prefix}.{i}.{before[i].holds}")
            i, j = i + 1, j + 1
        elif i < len(before) and costs[i][j] == _cost(before[i]) + costs[i + 1][j]:
            yield LayerRemoved(path=f"{prefix}.{i}", layer=before[i])
            i += 1
        else:
            yield LayerAdded(path=f"{prefix}.{j}", layer=after[j])
            j += 1


def _costs(before: Sequence[Layer], after: Sequence[Layer]) -> list[list[float]]:
    """Give the cost of turning `before[i:]` into `after[j:]`, for every i and j."""
    rows, columns = len(before), len(after)
    costs = [
        [sum(map(_cost, before[i:])) + sum(map(_cost, after[j:])) for j in range(columns + 1)] for i in range(rows + 1)
    ]
    for i in reversed(range(rows)):
        for j in reversed(range(columns)):
            ways = [_cost(before[i]) + costs[i + 1][j], _cost(after[j]) + costs[i][j + 1]]
            paired = _pair_cost(before[i], after[j])
            if paired is not None:
                ways.append(paired + costs[i + 1][j + 1])
            costs[i][j] = min(ways)
    return costs


def _cost(layer: Layer) -> float:
    return _LAYER_COST * sum(1 for _ in layer.tree())


def _pair_cost(before: Layer, after: Layer) -> float | None:
    """Give the cost of turning one layer into another of its kind; None if it is of another."""
    if type(before) is not type(after):
        return None
    return _VALUE_COST * len(_differing(before, after)) + _costs(before.inner, after.inner)[0][0]


def _differing(before: Layer, after: Layer) -> list[str]:
    names = (name for name in type(before).model_fields if name != before.holds)
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def _number(path: Sequence[str]) -> str:
    """Count layers from 1 as readers do, those in a layer after a dot: `4.1` for `network.layers.3.residual.0`."""
    return ".".join(str(int(part) + 1) for part in path if part.isdecimal())


def _short(layer: Layer) -> str:
    return layer.key if layer.holds else str(layer).split(",")[0]


def _written(value: Setting) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, str) and len(value) == _SHA256_DIGITS:
        return value[:8]
    return f"{value:g}" if isinstance(value, float) else str(value)
