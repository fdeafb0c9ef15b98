"""The JSON schema of a study file, with which editors complete it, explain it and check it as it is written."""

import json
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ceteris.datasets.choice import KNOWN_NAMES, DataChoice
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.kinds import LAYER_KINDS
from ceteris.networks.network import Network
from ceteris.study.analysis import Analysis
from ceteris.study.specification import Baseline
from ceteris.study.study import Study
from ceteris.study.training import Training
from ceteris.study.variation import Insertion, Replacement, Variation

_MODELS: tuple[type[BaseModel], ...] = (
    Study,
    DataChoice,
    Baseline,
    Network,
    BackboneNetwork,
    *LAYER_KINDS,
    Training,
    Variation,
    Insertion,
    Replacement,
    Analysis,
)
_NEW_ENTRY = re.compile(r"^\s{4}(\w+): ", re.MULTILINE)


def study_schema() -> dict[str, Any]:
    """Describe a study file in JSON Schema, draft 2020-12; what each key is for comes from the docstrings."""
    schema = Study.model_json_schema()
    definitions = schema.pop("$defs")
    models = {"Study": schema, **definitions}
    for model in _MODELS:
        described = models[model.__name__]
        described["description"] = _summary(model)
        for key, text in _attributes(model).items():
            alias = model.model_fields[key].alias or key
            described["properties"][alias]["description"] = text
    name = definitions["DataChoice"]["properties"]["name"]
    name["anyOf"] = [{"enum": list(KNOWN_NAMES)}, {"type": name.pop("type")}]
    for key in ("insert", "replace"):
        _allow_one(definitions["Variation"]["properties"][key])
    for name, key in (
        ("Insertion", "layer"),
        ("Replacement", "by"),
        ("Replacement", "layers"),
        ("Variation", "remove"),
    ):
        _allow_one(definitions[name]["properties"][key])
    for definition in definitions.values():
        for described in definition.get("properties", {}).values():
            _without_null(described)
    layer = definitions["Network"]["properties"]["layers"]["items"]
    # Any depth of tables: the dotted keys of a path may be written without quotes.
    definitions["Variation"]["properties"]["set"]["additionalProperties"] = {
        "type": ["boolean", "integer", "number", "string", "object"]
    }
    tidy = _tidied({**schema, "$defs": definitions}, layer)
    tidy["$defs"]["Layer"] = layer
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A ceteris study", **tidy}


def write_study_schema(path: Path) -> None:
    """Write the schema where editors find it: `studies/study.schema.json`, which the first line of a study names."""
    path.write_text(json.dumps(study_schema(), indent=2) + "\n", encoding="utf-8")


def _summary(model: type[BaseModel]) -> str:
    return _one_line((model.__doc__ or "").split("\n\n")[0])


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """Read the `Attributes:` section of a docstring."""
    sections = (model.__doc__ or "").split("Attributes:\n")
    if len(sections) == 1:
        return {}
    _, *parts = _NEW_ENTRY.split("    " + _dedented(sections[1].split("\n\n")[0]))
    return {name: _one_line(text) for name, text in zip(parts[::2], parts[1::2], strict=True)}


def _dedented(text: str) -> str:
    return re.sub(r"^ {4}", "", text, flags=re.MULTILINE).lstrip()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _allow_one(described: dict[str, Any]) -> None:
    """Let one value stand where a list of them is asked for, as the reader does."""
    many = {key: described.pop(key) for key in ("type", "items", "minItems") if key in described}
    described["anyOf"] = [many["items"], many]


def _without_null(described: dict[str, Any]) -> None:
    """TOML has no null: what may be left out has one type."""
    if "default" in described and described["default"] is None:
        del described["default"]
    options = described.get("anyOf", [])
    kept = [option for option in options if option.get("type") != "null"]
    if len(kept) < len(options):
        del described["anyOf"]
        described.update(kept[0])


def _tidied(node: Any, layer: Any) -> Any:
    """Leave out titles that repeat keys, but no property that is called so, and refer to the layer by its name."""
    if node == layer:
        return {"$ref": "#/$defs/Layer"}
    if isinstance(node, dict):
        kept = {key: entry for key, entry in node.items() if key != "title" or isinstance(entry, dict)}
        return {key: _tidied(entry, layer) for key, entry in kept.items()}
    return [_tidied(entry, layer) for entry in node] if isinstance(node, list) else node
