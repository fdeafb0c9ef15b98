import os
import tomllib
from operator import itemgetter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ceteris.errors import StudyError
from ceteris.study.changes import changes
from ceteris.study.reader import line_of, read_study, toml_lines

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SHIPPED = sorted([*ROOT.glob("studies/*.toml"), *ROOT.glob("examples/*.toml")])


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a study file, and give the short path by which messages will name it."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        data = text if isinstance(text, bytes) else text.encode()
        Path("study.toml").write_bytes(data)
        return "study.toml"

    return write


def mistakes(path):
    """Read what cannot be read, and give the sentences."""
    with pytest.raises(StudyError) as error:
        read_study(path)
    assert str(error.value) == "\n".join(error.value.mistakes)
    return list(error.value.mistakes)


def test_reads_a_study(write, study_text, baseline):
    """A file becomes the study that Python would build."""
    study = read_study(write(study_text))

    assert study.title == "Small"
    assert study.seeds == (0, 1)
    assert study.baseline == baseline
    assert [variation.name for variation in study.variations] == ["5x5"]


def test_reads_what_windows_writes(write, study_text):
    """A byte-order mark and carriage returns change nothing."""
    there = read_study(write(b"\xef\xbb\xbf" + study_text.replace("\n", "\r\n").encode()))

    assert there == read_study(write(study_text))


@pytest.mark.parametrize("case", tomllib.loads((HERE / "mistakes.toml").read_text())["case"], ids=itemgetter("name"))
def test_says_what_is_wrong(write, study_text, case):
    """Each mistake is answered with its line, what was found, what was expected and what to do."""
    assert case["find"] in study_text

    text = study_text.replace(case["find"], case["put"], 1)
    assert mistakes(write(text)) == [f"study.toml:{sentence}" for sentence in case["says"]]


VALUES = "A value is a number, true or false, text in double quotes, [a list] or { a table in braces }."
NOT_TOML = {
    "no value": (b"a = 1\nb = \n", f"study.toml:2: this is not TOML: invalid value, at column 5. {VALUES}"),
    "no end": (b'a = "', "study.toml:1: this is not TOML: unterminated string, at the end of the file."),
    "key twice": (
        b"a = 1\na = 2\n",
        "study.toml:2: this is not TOML: cannot overwrite a value, at column 6. The key is there twice; keep one.",
    ),
    "Latin letters": (b'a = 1\nb = "\xe9"\n', "study.toml:2: this is not UTF-8 text; save the file as UTF-8."),
    "nesting": (
        b"a = " + b"[" * 10_000,
        "study.toml: lists or tables stand inside each other too deeply to be a study.",
    ),
}


@pytest.mark.parametrize("case", NOT_TOML)
def test_says_where_a_file_is_not_toml(write, case):
    """A file that cannot be parsed is answered with the place where parsing stopped."""
    data, expected = NOT_TOML[case]

    assert mistakes(write(data)) == [expected]


def test_tells_all_mistakes_at_once(write, study_text):
    """Types, paths, shapes and names are checked in one go, whatever else is wrong, in the order of the lines."""
    text = (
        study_text.replace("seeds = 2", "seeds = [1, 1]")
        .replace("{ conv = 9, kernel = 3", "{ conv = 9, kernle = 3")
        .replace("max_pool = 2", "max_pool = 29")
        .replace("learning_rate = 0.01", "learning_rate = 0")
        .replace("layers.0.kernel", "layers.7.kernel")
    ) + (
        '[[variation]]\nname = "no factor"\nset = 3\n'
        '[[variation]]\nfactor = "rate"\nname = "0.01"\nset = { training.learning_rate = 0.01 }\n'
        '[[variation]]\nfactor = "kernel"\nname = "5X5"\n'
        'insert = { after = "network.layers.1", layer = { conv = 0 } }\n'
    )

    assert mistakes(write(text)) == [
        "study.toml:2: seeds names 1 twice; give distinct seeds, or a count, for example seeds = 1.",
        "study.toml:10: baseline.network.layers.1: unknown key 'kernle'; did you mean 'kernel'?",
        (
            "study.toml:11: baseline: layer 3 (max pool 29) sees an image of 28 x 28 pixels, smaller than its square; "
            "give max_pool = 28 or less."
        ),
        "study.toml:17: baseline.training.learning_rate = 0 must be a number above 0.",
        (
            "study.toml:23: variation '5x5': the baseline has no \"network.layers.7.kernel\"; "
            "the baseline's layers are network.layers.0 to network.layers.4, its other settings training.*."
        ),
        "study.toml:24: variation 'no factor' has no 'factor'; add factor = \"...\".",
        "study.toml:26: variation 'no factor': set = 3 must be a table, for example set = { \"training.epochs\" = 5 }.",
        "study.toml:34: variation '5X5': insert.layer.conv = 0 must be an integer from 1 to 4096.",
    ]


def test_refuses_two_variations_with_one_name_or_one_network(write, study_text):
    """Names, folders and specifications are unique."""
    text = study_text + (
        '[[variation]]\nfactor = "kernel"\nname = "5x5"\nset = { "network.layers.0.kernel" = 7 }\n'
        '[[variation]]\nfactor = "kernel"\nname = "5X5"\nset = { "network.layers.0.kernel" = 9 }\n'
        '[[variation]]\nfactor = "kernel"\nname = "five"\nset = { network.layers.0.kernel = 5 }\n'
    )

    assert mistakes(write(text)) == [
        'study.toml:26: variation 2: name = "5x5" is already the name of another variation; choose another name.',
        (
            "study.toml:30: variation 3: name = \"5X5\" would share its results folder '5x5' with variation '5x5'; "
            "choose another name."
        ),
        (
            "study.toml:32: variation 'five' is the same as variation '5x5', and would train equal networks twice; "
            "delete one of them."
        ),
    ]


def test_says_that_a_file_is_not_there(tmp_path, monkeypatch, study_text):
    """A path that leads nowhere is answered with the nearest file beside it."""
    monkeypatch.chdir(tmp_path)
    Path("depth.toml").write_text(study_text)

    assert mistakes("dept.toml") == ["dept.toml: there is no such file; did you mean depth.toml?"]
    assert mistakes("depth") == ["depth: there is no such file; did you mean depth.toml?"]
    assert mistakes("other.toml") == ["other.toml: there is no such file; check the path; a study is a TOML file."]
    assert mistakes(".") == [". is a folder; name a study file in it, for example study.toml."]
    assert mistakes("depth.toml/x") == ["depth.toml/x cannot be read: not a directory."]


@pytest.mark.skipif(os.geteuid() == 0, reason="everything is readable for root")
def test_says_that_a_file_cannot_be_read(write, study_text):
    """A file without permission is an error that says so."""
    path = write(study_text)
    Path(path).chmod(0)

    assert mistakes(path) == ["study.toml cannot be read: permission denied."]


def test_the_founding_study_is_the_one_that_was_asked_for():
    """`studies/cifar10.toml` has the baseline and fourteen variations of the founding question, and transfer."""
    study = read_study(ROOT / "studies/cifar10.toml")
    baseline, *variations = study.arms()

    assert study.seeds == tuple(range(16))
    assert (study.data.name, study.data.batches, study.data.validation) == ("cifar10", 5, 0.1)
    assert [str(layer) for layer in baseline.specification.network.layers] == [
        "conv 7, kernel 3, relu",
        "conv 9, kernel 3, relu",
        "max pool 2",
        "dropout 0.3",
        "dense classes",
    ]
    training = baseline.specification.training
    assert (training.optimizer, training.learning_rate, training.batch_size, training.epochs) == ("adam", 0.01, 32, 20)
    said = [
        (arm.factor, arm.name, "; ".join(map(str, changes(baseline.specification, arm.specification))))
        for arm in variations
    ]
    relu = "layer 1 (conv 7): activation relu -> {0}; layer 2 (conv 9): activation relu -> {0}"
    assert said == [
        ("depth", "3 convolutions", "layer 3 added: conv 11, kernel 3, relu"),
        ("depth", "4 convolutions", "layer 3 added: conv 11, kernel 3, relu; layer 4 added: conv 13, kernel 3, relu"),
        ("first kernel", "5x5", "layer 1 (conv 7): kernel 3 -> 5"),
        ("first kernel", "7x7", "layer 1 (conv 7): kernel 3 -> 7"),
        ("one for two", "single 5x5", "layer 1 removed: conv 7, kernel 3, relu; layer 2 (conv 9): kernel 3 -> 5"),
        ("learning rate", "0.0004", "learning rate 0.01 -> 0.0004"),
        ("learning rate", "0.0003", "learning rate 0.01 -> 0.0003"),
        ("learning rate", "0.0001", "learning rate 0.01 -> 0.0001"),
        ("activation", "leaky ReLU", relu.format("leaky_relu")),
        ("activation", "tanh", relu.format("tanh")),
        ("optimiser", "SGD", "optimizer adam -> sgd"),
        ("normalisation", "batch norm first", "layer 1 added: batch norm"),
        ("batch size", "batch 4", "batch size 32 -> 4"),
        ("batch size", "batch 128", "batch size 32 -> 128"),
        (
            "transfer",
            "MobileNetV2 head",
            "network of 5 layers -> mobilenet_v2 at 96 x 96, head trained, dense classes; learning rate 0.01 -> 0.0003",
        ),
    ]


def test_the_first_batch_study_differs_in_data_and_epochs_only():
    """`studies/cifar10-first-batch.toml` is the founding study on data_batch_1 for 10 epochs."""
    full, first = (tomllib.loads((ROOT / f"studies/{n}.toml").read_text()) for n in ("cifar10", "cifar10-first-batch"))
    assert (first["data"].pop("batches"), first["baseline"]["training"].pop("epochs")) == (1, 10)
    assert (full["data"].pop("batches"), full["baseline"]["training"].pop("epochs")) == (5, 20)
    assert first.pop("title") != full.pop("title")

    assert first == full


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_study_is_right(path):
    """All studies and examples can be read, and name the schema that explains them."""
    study = read_study(path)
    line = path.read_text().splitlines()[0]

    planned = sum(len(study.seeds_of(arm.name)) for arm in study.arms())
    assert len({run.digest for run in study.runs("0" * 64)}) == planned
    assert line.startswith("#:schema ")
    assert (path.parent / line.removeprefix("#:schema ")).resolve() == ROOT / "studies/study.schema.json"


AWKWARD = '''
# [not.a.table]
plain = 1   # a = 2
"quoted.key" = "] = , # \\" \\\\"
'single' = 'C:\\'
a . b = { c = [1, [2, 3], { d = 4 }], "e f" = """
{ g = "x" }
[[h]] \\""" """ }
date = 1979-05-27 07:32:00
literal = \'\'\'
[i]
''\'\'\'
many = [
  # comment ]
  "one",

  { two = -0.5e3, three = true },
]

[table.inner]
key = inf
[[list]]
x = 1
[list.sub]
y = 2
[[list.more]]
z = 3
[[list.more]]
z = 4
[[list]]
x = 5
'''


def places(node, at=()):
    """Every key and every list position of a parsed document."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, entry in entries:
        yield (*at, key)
        yield from places(entry, (*at, key))


@pytest.mark.parametrize(
    "text",
    [AWKWARD, *(path.read_text() for path in ROOT.glob("studies/*.toml"))],
    ids=lambda text: text[:10].strip(),
)
def test_every_place_has_a_line_and_no_other_has(text):
    """Places are those that the standard library's parser finds, and each key stands on its line."""
    lines = toml_lines(text)

    assert set(lines) == set(places(tomllib.loads(text)))
    for place, line in lines.items():
        if isinstance(place[-1], str):
            assert place[-1] in text.splitlines()[line - 1]


def test_names_the_right_lines():
    """Keys are found on the very line that names them, in each of TOML's ways to write one."""
    lines = toml_lines(AWKWARD)

    assert [lines[place] for place in [("plain",), ("quoted.key",), ("a", "b", "c", 2, "d"), ("date",)]] == [3, 4, 6, 9]
    assert [lines[place] for place in [("many",), ("many", 0), ("many", 1, "three")]] == [13, 15, 17]
    assert [lines[place] for place in [("list",), ("list", 0, "more", 1, "z"), ("list", 1), ("list", 1, "x")]] == [
        22,
        29,
        30,
        31,
    ]


WORDS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=5)
VALUES = st.recursive(
    st.integers(-9, 9) | st.booleans() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


def quoted(text):
    """Write a TOML string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(value):
    """Write a TOML value, lists on several lines."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return quoted(value)
        case list():
            return "[\n" + ",\n".join(written(entry) for entry in value) + "]"
        case dict():
            return "{" + ", ".join(f"{quoted(key)} = {written(entry)}" for key, entry in value.items()) + "}"
        case _:
            return str(value)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(WORDS, VALUES, max_size=4))
def test_follows_any_document(table):
    """Whatever the keys and strings hold, places are those of the standard library's parser."""
    text = "\n".join(f"{quoted(key)} = {written(value)}" for key, value in table.items())

    assert tomllib.loads(text) == table
    assert set(toml_lines(text)) == set(places(table))


def test_a_missing_place_is_looked_for_around_it():
    """What is not in the text is shown where it should be; one table may stand for a list of one."""
    lines = toml_lines("[a]\nd = 2\n[a.b]\nc = 1\n[[variations]]\ne = 1")

    assert line_of(("a", "b", 0, "c"), lines) == 4
    assert line_of(("a", "x", "y"), lines) == 1
    assert line_of(("variation", 0, "e"), lines) == 6
    assert line_of(("x",), lines) is None
