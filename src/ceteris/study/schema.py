"""The JSON schema of a study file, with which editors complete it, explain it and check it as it is written."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from ceteris.datasets.choice import KNOWN_NAMES, DataChoice
from ceteris.formatting.wording import listed
from ceteris.networks.backbone import BackboneNetwork
from ceteris.networks.kinds import LAYER_KINDS
from ceteris.networks.network import Network
from ceteris.networks.own_module import ModuleNetwork
from ceteris.networks.presets.choice import PRESETS, PresetNetwork
from ceteris.study.analysis import AnalysisSettings
from ceteris.study.cross import Cross, CrossedFactor
from ceteris.study.specification import Baseline
from ceteris.study.study import Study
from ceteris.study.variation import Insertion, Level, Replacement, Variation
from ceteris.training.kind import Kind
from ceteris.training.training import CHOICES, SECTIONS, Training
from ceteris.values.described import attribute_texts, summary

_MODELS: tuple[type[BaseModel], ...] = (
    Study,
    DataChoice,
    Baseline,
    Network,
    BackboneNetwork,
    ModuleNetwork,
    PresetNetwork,
    *LAYER_KINDS,
    Training,
    Variation,
    Insertion,
    Replacement,
    Cross,
    CrossedFactor,
    Level,
    AnalysisSettings,
)


def study_schema() -> dict[str, Any]:
    """Describe a study file in JSON Schema, draft 2020-12; what each key is for comes from the docstrings."""
    schema = Study.model_json_schema()
    definitions = schema.pop("$defs")
    models = {"Study": schema, **definitions}
    for model in _MODELS:
        described = models[model.__name__]
        described["description"] = summary(model)
        for key, text in attribute_texts(model).items():
            described["properties"][model.model_fields[key].alias or key]["description"] = text
    own = definitions["ModuleNetwork"]["properties"]
    del own["code"]  # ceteris reads it
    own["arguments"]["default"] = {}
    definitions["PresetNetwork"]["properties"]["preset"]["description"] = (
        "; ".join(f"`{preset.name}` is {preset.title}" for preset in PRESETS.values()) + "."
    )
    _explain_training(definitions["Training"])
    name = definitions["DataChoice"]["properties"]["name"]
    name["anyOf"] = [{"enum": list(KNOWN_NAMES)}, {"type": name.pop("type")}]
    for name, keys in {
        "Insertion": ("layer",),
        "Replacement": ("by", "layers"),
        "Variation": ("insert", "replace", "remove"),
        "Level": ("insert", "replace", "remove"),
        "CrossedFactor": ("levels",),
    }.items():
        for key in keys:
            _allow_one(definitions[name]["properties"][key])
    for definition in definitions.values():
        for described in definition.get("properties", {}).values():
            _without_null(described)
    layer = definitions["Network"]["properties"]["layers"]["items"]
    # Any depth of tables: the dotted keys of a path may be written without quotes.
    for name in ("Variation", "Level"):
        definitions[name]["properties"]["set"]["additionalProperties"] = {
            "type": ["boolean", "integer", "number", "string", "object"]
        }
    tidy = _tidied({**schema, "$defs": definitions}, layer)
    tidy["$defs"]["Layer"] = layer
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A ceteris study", **tidy}


def _explain_training(described: dict[str, Any]) -> None:
    """Say what each setting is for and which kinds take it, and that the others leave it at its default."""
    settings = described["properties"]
    for section in SECTIONS:
        for key, text in attribute_texts(section).items():
            told = settings[key].setdefault("description", text)
            if text not in told and issubclass(section, Kind):
                default = section.model_fields[key].default
                settings[key]["description"] = (
                    f"{told} Of `{section.key}`, {default} if not given: {text[0].lower()}{text[1:]}"
                )
    rules = []
    for choice, kinds in CHOICES.items():
        if choice not in settings:
            continue
        known = [f"`{kind.key}` is {kind.title}{kind.paper and f' ({kind.paper})'}" for kind in kinds]
        settings[choice]["description"] = f"{'; '.join(known)}."
        fields = dict.fromkeys(name for kind in kinds for name in kind.model_fields)
        for name in fields:
            takers = [f"`{kind.key}`" for kind in kinds if name in kind.model_fields]
            if len(takers) < len(kinds):
                text = settings[name]["description"]
                settings[name]["description"] = f"For {listed(takers)} only: {text[0].lower()}{text[1:]}"
        rules.append({"anyOf": [_rule(choice, kind, fields, settings) for kind in kinds]})
    described["allOf"] = rules


def _rule(choice: str, kind: type[Kind], fields: Iterable[str], settings: dict[str, Any]) -> dict[str, Any]:
    idle = {name: {"const": settings[name]["default"]} for name in fields if name not in kind.model_fields}
    is_default = settings[choice]["default"] == kind.key
    return {"properties": {choice: {"const": kind.key}, **idle}, "required": [] if is_default else [choice]}


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
