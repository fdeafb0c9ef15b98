# ruff: noqa: ARG005 - the lambdas share one signature, and few need all of it
import copy
import json
import re
import tomllib
from pathlib import Path

import pytest

from ceteris.study.schema import study_schema

ROOT = Path(__file__).parents[2]
SHIPPED = sorted([*ROOT.glob("studies/*.toml"), *ROOT.glob("examples/*.toml")])
KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": int | float}
NUMBER = int | float

# Each word of JSON Schema that the study's schema is written in: what it speaks of, and what it asks for.
WORDS = {
    "$ref": (object, lambda rule, value, of, root: accepts(root["$defs"][rule.removeprefix("#/$defs/")], value, root)),
    "type": (
        object,
        lambda rule, value, of, root: any(is_a(kind, value) for kind in ([rule] if is_text(rule) else rule)),
    ),
    "properties": (
        dict,
        lambda rule, value, of, root: all(accepts(rule[k], value[k], root) for k in rule if k in value),
    ),
    "additionalProperties": (
        dict,
        lambda rule, value, of, root: all(rule and accepts(rule, value[k], root) for k in value if not knows(of, k)),
    ),
    "required": (dict, lambda rule, value, of, root: set(rule) <= set(value)),
    "items": (list, lambda rule, value, of, root: all(accepts(rule, entry, root) for entry in value)),
    "anyOf": (object, lambda rule, value, of, root: any(accepts(option, value, root) for option in rule)),
    "allOf": (object, lambda rule, value, of, root: all(accepts(option, value, root) for option in rule)),
    "oneOf": (object, lambda rule, value, of, root: sum(accepts(option, value, root) for option in rule) == 1),
    "enum": (object, lambda rule, value, of, root: value in rule),
    "const": (object, lambda rule, value, of, root: value == rule),
    "minimum": (NUMBER, lambda rule, value, of, root: value >= rule),
    "maximum": (NUMBER, lambda rule, value, of, root: value <= rule),
    "exclusiveMinimum": (NUMBER, lambda rule, value, of, root: value > rule),
    "exclusiveMaximum": (NUMBER, lambda rule, value, of, root: value < rule),
    "minLength": (str, lambda rule, value, of, root: len(value) >= rule),
    "maxLength": (str, lambda rule, value, of, root: len(value) <= rule),
    "pattern": (str, lambda rule, value, of, root: re.search(rule, value) is not None),
    "minItems": (list, lambda rule, value, of, root: len(value) >= rule),
    "uniqueItems": (list, lambda rule, value, of, root: len(set(value)) == len(value)),
}
SILENT = {"$schema", "$defs", "title", "description", "default", "examples"}


def is_text(value):
    """Whether a rule is one word instead of a list."""
    return isinstance(value, str)


def is_a(kind, value):
    """Whether a value is of a kind; truth is no number."""
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def knows(schema, key):
    """Whether a table names a key."""
    return key in schema.get("properties", {})


def accepts(schema, value, root):
    """Apply the words of a schema to a value; a word that is not in the table is an error."""
    rules = [(WORDS[word], rule) for word, rule in schema.items() if word not in SILENT]
    return all(ask(rule, value, schema, root) for (kind, ask), rule in rules if isinstance(value, kind))


def test_the_shipped_schema_is_up_to_date():
    """`studies/study.schema.json` is what `ceteris schema` prints."""
    shipped = (ROOT / "studies/study.schema.json").read_text(encoding="utf-8")

    assert shipped == json.dumps(study_schema(), indent=2) + "\n"


def test_every_key_is_explained():
    """An editor can show what each key is for."""
    schema = study_schema()
    tables = {"Study": schema, **schema["$defs"]}
    unexplained = [
        f"{name}.{key}"
        for name, table in tables.items()
        for key, described in table.get("properties", {}).items()
        if not described.get("description", "").endswith(".")
    ]

    assert unexplained == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_studies_are_right_by_the_schema(path):
    """What the reader takes, an editor does not underline."""
    schema = study_schema()

    assert accepts(schema, tomllib.loads(path.read_text()), schema)


def test_other_ways_to_write_a_variation_are_right_by_the_schema(study_text):
    """Lists of one, single paths and unquoted paths are as good for the editor as for the reader."""
    schema = study_schema()
    added = """
[[variation]]
factor = "f"
name = "a"
set = { network.layers.0.kernel = 5, "training.flip" = true }
insert = [{ before = "network.layers.1", layer = [{ residual = [{ dropout = 0.1 }] }, { batch_norm = true }] }]
replace = { layer = "network.layers.2", by = { max_pool = 3 } }
remove = "network.layers.3"
"""

    assert accepts(schema, tomllib.loads(study_text + added), schema)


WRONG = {
    "unknown key": lambda table: table.update(titel="x"),
    "no seeds": lambda table: table.pop("seeds"),
    "zero seeds": lambda table: table.update(seeds=0),
    "equal seeds": lambda table: table.update(seeds=[1, 1]),
    "data": lambda table: table["data"].update(fit="stretch"),
    "layer": lambda table: table["baseline"]["network"]["layers"].append({"cnv": 1}),
    "two layers in one": lambda table: table["baseline"]["network"]["layers"].append({"conv": 1, "dense": 1}),
    "activation": lambda table: table["baseline"]["network"]["layers"][0].update(activation="rel"),
    "rate": lambda table: table["baseline"]["training"].update(learning_rate=0),
    "optimizer": lambda table: table["baseline"]["training"].update(optimizer="adamm"),
    "setting of another optimizer": lambda table: table["baseline"]["training"].update(optimizer="adam", momentum=0.5),
    "layer in a block": lambda table: table["baseline"]["network"]["layers"].append({"residual": [{"conv": 0}]}),
    "no factor": lambda table: table["variation"][0].pop("factor"),
    "name of two lines": lambda table: table["variation"][0].update(name="a\nb"),
    "set to a list": lambda table: table["variation"][0].update(set={"training.epochs": [1]}),
    "backbone": lambda table: table["variation"][0].update(network={"backbone": "mobilenet"}),
    "layers and backbone": lambda table: table["baseline"]["network"].update(backbone="resnet18"),
    "convolution in a head": lambda table: table["baseline"].update(
        network={"backbone": "resnet18", "head": [{"conv": 3}]}
    ),
    "what to train": lambda table: table["baseline"].update(network={"backbone": "resnet18", "train": "tail"}),
    "fraction": lambda table: table["data"].update(fraction=0),
    "insert nothing": lambda table: table["variation"][0].update(insert={"after": "network.layers.0"}),
}


@pytest.mark.parametrize("case", WRONG)
def test_the_schema_refuses_what_the_reader_refuses(study_text, case):
    """Mistakes of a type are underlined as they are written."""
    schema, right = study_schema(), tomllib.loads(study_text)
    wrong = copy.deepcopy(right)
    WRONG[case](wrong)

    assert accepts(schema, right, schema)
    assert not accepts(schema, wrong, schema)


def test_the_schema_is_json():
    """It can be written and read again."""
    assert json.loads(json.dumps(study_schema())) == study_schema()
