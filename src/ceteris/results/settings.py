"""The settings of a run by their places in a study file, as experiment trackers list them."""

from collections.abc import Iterator, Mapping

from ceteris.study.specification import Specification

Setting = str | int | float | bool


def settings_of(specification: Specification) -> Mapping[str, Setting]:
    """Name every setting as a study file does in `set`; a layer is in words, and code of the user's own left out."""
    facts = specification.model_dump(mode="json")
    if declared := specification.network.declared:
        facts["network"][declared] = [str(layer) for layer in specification.network.layers]
    for own in (facts["network"], facts.get("train") or {}):
        own.pop("code", None)  # its digest is in that of the run
    return dict(_flat(facts))


def _flat(value: object, name: str = "") -> Iterator[tuple[str, Setting]]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _flat(inner, f"{name}.{key}" if name else str(key))
        case list():
            for place, inner in enumerate(value):
                yield from _flat(inner, f"{name}.{place}")
        case str() | int() | float():
            yield name, value
