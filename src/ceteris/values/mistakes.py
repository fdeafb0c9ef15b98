"""What is wrong with a study, in sentences: pydantic's findings retold for a person, each with its place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from ceteris.formatting.wording import listed, nearest, written

Place = tuple[str | int, ...]
"""Where something stands in a study: keys and positions from the outside in."""


FAULT = "fault"
"""Type of a finding of pydantic whose message, without its full stop, says what was found and what to do."""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One thing that cannot be.

    Attributes:
        place: Where it stands, for example `("variation", 2, "set", "training.epochs")`.
        sentence: What was found, what was expected and what to do, without the file and the line.
        compares: Whether it is one only if the baseline is just as it was read.
    """

    place: Place
    sentence: str
    compares: bool = False


class Mistakes(ValueError):  # noqa: N818 - a plural noun: it carries findings through pydantic and never reaches a person
    """Several mistakes on their way through pydantic, which passes a `ValueError` on."""

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(mistake.sentence for mistake in mistakes))


def explain(error: ValidationError, model: type[BaseModel], found: object) -> tuple[Mistake, ...]:
    """Retell what pydantic found in an unchecked value that was to become a model, in sentences of the house.

    Returns:
        One entry per mistake; the several findings on one value of a union become one.
    """
    if isinstance(found, Mapping) and "variations" in found:
        found = {"variation": found["variations"], **found}
    schema = _schema(model)
    told: dict[Place, Mistake] = {}
    meant: set[Place] = set()
    missing: set[Place] = set()
    for entry in error.errors():
        inner = entry.get("ctx", {}).get("error")
        if isinstance(inner, Mistakes):
            told.update(((*mistake.place, mistake.sentence), mistake) for mistake in inner.mistakes)
            continue
        place, node = _follow(schema, entry["loc"])
        missing |= {place} if entry["type"] == "missing" else set()
        missing_or_unknown = entry["type"] in {"missing", "extra_forbidden"}
        owner_place = place[:-1] if missing_or_unknown else place
        where = spelled(owner_place, found)
        key = entry["loc"][-1] if entry["loc"] else ""
        if entry["type"] == "extra_forbidden":
            keys = list(node.owner.get("properties", {}))
            close = nearest(str(key), keys)
            if close:
                meant.add((*owner_place, close))
            help_ = f"did you mean '{close}'?" if close else f"the keys here are {listed(keys)}."
            help_ = _belongs(str(key), keys, schema) or help_
            sentence = f"{where + ': ' if where else ''}unknown key '{key}'; {help_}"
        elif entry["type"] == FAULT:
            sentence = f"{where + ': ' if where else ''}{entry['msg']}."
        else:
            sentence = _sentence(entry["type"], node, where, key, entry["input"])
            tables = entry["input"] if isinstance(entry["input"], list) else ()
            if "set" in place[:-1] and any(isinstance(one, Mapping) for one in tables):
                sentence += " Layers are changed with insert, replace or remove."
        told.setdefault(place, Mistake(place=place, sentence=sentence))
    # A misspelt key is one mistake: that the right one is missing goes without saying.
    return tuple(mistake for mistake in told.values() if mistake.place not in meant & missing)


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _belongs(key: str, known: Sequence[str], root: dict[str, Any]) -> str:
    """Say where a key belongs that is known elsewhere in a study; empty if it is not."""
    if "baseline" in known and key in {"network", "training"}:
        return f"did you mean [baseline.{key}]?"
    if "set" in known and key in {"training", "data"}:
        return f"changes stand in set, for example {_CHANGE}."
    if key in _openings(root) and ("optimizer" in known or any(one in known for one in _openings(root))):
        return f"it opens a layer of its own: {{ {key} = ... }}."
    return ""


def _openings(root: dict[str, Any]) -> set[str]:
    """Give the keys that open layers."""
    kinds = root.get("$defs", {}).values()
    lists = (field.get("items", {}) for kind in kinds for field in kind.get("properties", {}).values())
    return {_resolved(option, root)["required"][0] for items in lists for option in items.get("oneOf", ())}


def spelled(place: Place, found: object) -> str:
    """Write a place as a reader would look for it: `baseline.network.layers.0`, `variation '5x5': insert.layer`.

    Positions are left out where the study gives one table instead of a list.
    """
    words: list[str] = []
    holder = ""
    node = found
    for index, key in enumerate(place):
        if isinstance(key, int):
            if index == 1 and place[0] in {"variation", "variations", "cross"}:
                node = _step(node, key)
                holder, words = variation_title(node, key, "cross" if place[0] == "cross" else "variation"), []
            elif isinstance(node, Sequence):
                node = _step(node, key)
                words.append(str(key))
            continue
        node = _step(node, key)
        words.append(f'"{key}"' if "." in key else key)
    path = ".".join(words)
    return f"{holder}: {path}" if holder and path else holder or path


def variation_title(variation: object, index: int, kind: str = "variation") -> str:
    """Say which variation is meant, or which cross: `variation '5x5'`, or its rank if it has no name."""
    name = _step(variation, "name")
    return f"{kind} '{name}'" if isinstance(name, str) and name else f"{kind} {index + 1}"


def wrong_value(model: type[BaseModel], field: str, title: str, value: object) -> str:
    """Say that a model's field, which the reader knows by a title, does not take a value, and what it does take."""
    schema = _schema(model)
    return _wrong_value(title, value, schema["properties"][field], schema)


def _sentence(kind: str, node: "_Node", where: str, key: object, value: object) -> str:
    match kind:
        case "missing":
            return f"{where + ' has no' if where else 'there is no'} '{key}'; {_template(str(key), where, node)}."
        case "union_tag_not_found" | "union_tag_invalid":
            return _no_layer(node, where, value)
        case _:
            return _wrong_value(where, value, node.schema, node.root)


def _wrong_value(title: str, value: object, schema: dict[str, Any], root: dict[str, Any]) -> str:
    close = nearest(value, _choices(schema, root)) if isinstance(value, str) else None
    end = f'; did you mean "{close}"?' if close else "."
    key = title.rsplit(maxsplit=1)[-1].rpartition(".")[2]
    if value == "softmax" and key == "activation":
        end = "; after the last layer leave it out: the softmax belongs to the loss."
    elif key == "set":
        end = f", for example {_CHANGE}."
    elif key in _OF_LAYERS and not isinstance(value, str):
        return f'{title} = {written(value)} must be a layer: its path, for example "network.layers.1", or its number.'
    if title in {"variation", "cross"} and isinstance(value, Mapping):
        end = f"; write [[{title}]] instead of [{title}]."
    return f"{title} = {written(value)} must be {_expectation(schema, root)}{end}"


_OF_LAYERS = frozenset({"before", "after", "remove"})
"""Keys of variations that take layers."""
_CHANGE = 'set = { "training.epochs" = 5 }'
_KINDS = ("type", "kind", "name", "layer")
"""Keys by which other software says what a layer is."""
_NEEDLESS = {"flatten": "a dense layer flattens what it sees", "softmax": "the softmax belongs to the loss"}
"""Layers of other software that a study does without."""


def _no_layer(node: "_Node", where: str, value: object) -> str:
    options = [_resolved(option, node.root) for option in node.schema.get("oneOf", [])]
    openings = [option["required"][0] for option in options]
    if not isinstance(value, Mapping) or not value:
        return f"{where} = {written(value)} must be a layer: a table that opens with {listed(openings, 'or')}."
    close = next(((key, hit) for key in value if (hit := nearest(str(key), openings))), None)
    end = f"did you mean '{close[1]}' for '{close[0]}'?" if close else f"'{next(iter(value))}' opens none."
    named = next((nearest(value[key], openings) for key in _KINDS if isinstance(value.get(key), str)), None)
    if named is not None:
        end = f"begin it with that key: {{ {named} = ... }}."
    elif needless := next((_NEEDLESS[key] for key in _NEEDLESS if key in value), ""):
        end = f"leave this one out, {needless}."
    return f"{where}: a layer opens with {listed(openings, 'or')}; {end}"


@dataclass(frozen=True)
class _Node:
    schema: dict[str, Any]
    owner: dict[str, Any]
    root: dict[str, Any]


def _follow(root: dict[str, Any], location: Place) -> tuple[Place, _Node]:
    """Walk a JSON schema along pydantic's location; the names of union members are no part of the place."""
    if location[:1] == ("variations",) and len(location) > 1:
        location = ("variation", *location[1:])  # the name in Python, understood in a file as well
    place: list[str | int] = []
    schema, owner = root, root
    for key in location:
        schema = _resolved(schema, root)
        if isinstance(key, str) and "anyOf" in schema:
            options = [_resolved(option, root) for option in _flat(schema)]
            schema = next((one for one in options if "oneOf" in one or key in one.get("properties", {})), schema)
        if isinstance(key, str) and "oneOf" in schema:
            schema = next(
                option for option in (_resolved(o, root) for o in schema["oneOf"]) if key in option["required"]
            )
            continue
        if isinstance(key, int) and "anyOf" in schema:
            schema = next((option for option in schema["anyOf"] if "items" in option), schema)
        if isinstance(key, int) and "items" in schema:
            owner, schema = schema, schema["items"]
        elif isinstance(key, str) and key in schema.get("properties", {}):
            owner, schema = schema, schema["properties"][key]
        elif isinstance(key, str) and schema.get("additionalProperties") is False:
            owner, schema = schema, {}
        elif isinstance(key, str) and isinstance(schema.get("additionalProperties"), dict):
            owner, schema = schema, schema["additionalProperties"]
        else:
            break
        place.append(key)
    return tuple(place), _Node(_resolved(schema, root), owner, root)


def _flat(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the options of a schema, and those that its options have."""
    for option in schema.get("anyOf", [schema]):
        yield from _flat(option) if "anyOf" in option else (option,)


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return root["$defs"][reference.removeprefix("#/$defs/")] if reference else schema


def _expectation(schema: dict[str, Any], root: dict[str, Any]) -> str:
    """Say in words what a schema asks for."""
    schema = _resolved(schema, root)
    match schema:
        case {"anyOf": _} | {"enum": _}:
            words = listed(dict.fromkeys(_alternatives(schema, root)), "or")
        case {"const": value}:
            words = written(value)
        case {"type": "integer"}:
            words = f"an integer{_range(schema)}"
        case {"type": "number"}:
            words = f"a number{_range(schema)}"
        case {"type": "boolean"}:
            words = "true or false"
        case {"type": "string"}:
            words = _text(schema)
        case {"type": "array", "items": entry}:
            words = f"a list, each entry {_expectation(entry, root)}"
        case {"oneOf": _}:
            words = "a layer"
        case _:
            words = "a table"
    return words


def _alternatives(schema: dict[str, Any], root: dict[str, Any]) -> Iterator[str]:
    schema = _resolved(schema, root)
    if "anyOf" in schema:
        for option in schema["anyOf"]:
            if option.get("type") != "null":
                yield from _alternatives(option, root)
    elif "enum" in schema:
        yield from (f'"{choice}"' for choice in schema["enum"])
    else:
        yield _expectation(schema, root)


def _text(schema: dict[str, Any]) -> str:
    if "examples" in schema:
        return listed((f'"{example}"' for example in schema["examples"]), "or")
    if "0-9a-f" in schema.get("pattern", ""):
        return "64 hexadecimal digits"
    length = f" of 1 to {schema['maxLength']} characters" if "maxLength" in schema else ""
    return f"one line of text{length}, no space before or after it" if "pattern" in schema else f"text{length}"


def _range(schema: dict[str, Any]) -> str:
    low, above, high, below = (schema.get(k) for k in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"))
    start = f" above {above:g}" if above is not None else f" from {low:g}" if low is not None else ""
    if high is not None:
        return f"{start} {'to' if above is None else 'and at most'} {int(high)}"
    if below is not None:
        return f"{start} {'to' if above is None else 'and'} below {below:g}"
    return start


def _choices(schema: dict[str, Any], root: dict[str, Any]) -> list[str]:
    schema = _resolved(schema, root)
    inner = [choice for option in schema.get("anyOf", []) for choice in _choices(option, root)]
    own = [*schema.get("enum", []), *schema.get("examples", []), *([schema["const"]] if "const" in schema else [])]
    return [choice for choice in (*own, *inner) if isinstance(choice, str)]


def _template(key: str, where: str, node: _Node) -> str:
    if key == "network":
        return f"add the table [{where}.{key}]"
    match node.schema.get("type"):
        case "string":
            return f'add {key} = "..."'
        case "array":
            return f"add {key} = [...]"
        case "object":
            return f"add the table [{where + '.' if where else ''}{key}]"
        case _:
            return f"add it, {_expectation(node.schema, node.root)}"


def _step(node: object, key: str | int) -> object:
    if isinstance(node, Mapping):
        return node.get(key)
    if isinstance(key, int):
        return node[key] if isinstance(node, list | tuple) and key < len(node) else None
    return getattr(node, key, None) if isinstance(node, BaseModel) else None
