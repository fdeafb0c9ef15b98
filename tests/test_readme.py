"""What README.md and the pages about daily use show is what happens: commands, Python, study files, and keys."""

import importlib.util
import itertools
import json
import re
import shutil

import numpy as np
import pytest
from markdown_it import MarkdownIt
from PIL import Image

import ceteris
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.study.schema import study_schema
from ceteris.testing.executors import CallingThread
from tests.datasets.photographs import write_photographs
from tests.documents import COMMANDS, IMAGES, ROOT, Workplace, few_images, shortened, steps

PAGE, FOUNDING, KEYS_PAGE = ROOT / "README.md", ROOT / "docs" / "founding-study.md", ROOT / "docs" / "study-files.md"
# In the order in which they are done: later ones use what earlier ones leave.
PAGES = (PAGE, FOUNDING, KEYS_PAGE, *(ROOT / "docs" / f"{name}.md" for name in ("comparing", "networks", "data")))
STEPS = tuple(step for page in PAGES for step in steps(page))
OTHERS = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("bench/*.md")} - set(PAGES))

NOT_RUN = {
    "git clone <this repository> && cd ceteris": "needs the network",
    "make study": "installs up to 5 GB; tests/test_makefile.py runs it with programs that stand for pip",
    "make test": "is this suite",
    "python3 -m venv .venv": "makes an environment, for the next two",
    ".venv/bin/pip install --upgrade pip": "needs the network",
    '.venv/bin/pip install --editable ".[torch]"': "needs the network, and 5 GB",
    "ceteris data fetch": "needs the network; tests/datasets/test_fetch.py downloads from this machine",
    "ceteris data fetch fashion_mnist": "needs the network; tests/datasets/test_published.py downloads locally",
    "ceteris data fetch mobilenet_v2": "needs the network; tests/cli/test_data.py downloads from this machine",
    "ceteris explore results/kernel": "serves until it is stopped; tests/test_tutorial.py starts and stops it",
}
NEEDS = {"onnx": ("onnx", "onnxruntime", "torch"), "tensorboard": ("tensorboard",)}


def missing(text):
    """Name what a command needs that is not installed."""
    needed = [module for word, modules in NEEDS.items() if word in text for module in modules]
    return [name for name in needed if not importlib.util.find_spec(name)]


def write_cifar10(folder):
    """Write images of CIFAR-10's kind: grey of ten levels, with noise, in the unpacked binary layout."""
    inner = folder / "cifar-10-batches-bin"
    inner.mkdir()
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 40, (IMAGES, 3073), dtype=np.uint8)
    for number, name in enumerate([*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]):
        labels = generator.permutation(np.arange(IMAGES, dtype=np.uint8) % 10)
        table = np.roll(noise, number, axis=0) + 20 * labels[:, None]
        table[:, 0] = labels
        table.tofile(inner / f"{name}.bin")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Do all that the pages say, in an empty folder with small data; gives the folder and what each step wrote."""
    if not usable_instruction_sets():
        pytest.skip("the lanes engine is not compiled here")
    home = tmp_path_factory.mktemp("readme")
    (home / "weights").mkdir()  # holds none: nothing is downloaded
    settings = {"CETERIS_DATA": str(home), "CETERIS_WEIGHTS": str(home / "weights")}
    workplace = Workplace(home=home, settings=settings).prepare()
    write_cifar10(home)
    place = workplace.folder
    write_photographs(place / "photographs", 90, largest=200)
    (place / "photos").mkdir()
    for name in ("one.png", "two.jpg"):
        Image.new("RGB", (40, 48), "teal").save(place / "photos" / name)
    for folder in ("studies", "examples"):
        shutil.copytree(ROOT / folder, place / folder)
        for file in (place / folder).glob("*.toml"):
            # Each arm of the founding study is trained by tests/test_studies.py; here it takes a second to draw.
            file.write_text(shortened(file.read_text(), ("5x5", "MobileNetV2 head") if folder == "studies" else ()))
    written = {}
    for step in STEPS:
        if step.kind == "toml" and (name := re.match(r"# (\S+\.toml)\n", step.text)):
            (place / name[1]).write_text(shortened(step.text))
        elif step.kind in {*COMMANDS, "python"} and step.text not in NOT_RUN and not missing(step.text):
            written[step.text] = workplace.do(step)
    return place, written


def test_the_commands_and_programs_of_the_pages_run(done):
    """One after the other, each ends well and complains of nothing."""
    _, written = done

    assert len(written) > 15
    for text, (code, out, err) in written.items():
        told = [line for line in err.splitlines() if not line.startswith("note: ")]
        assert (code, told) == (0, []), (text, out[-2000:], err)


def test_what_is_not_run_is_on_a_page():
    """Each has a reason, and goes when it is gone from the pages."""
    assert set(NOT_RUN) <= {step.text for step in STEPS}
    assert all(NOT_RUN.values())


def test_the_files_that_the_pages_name_are_there(done):
    """Results, reports, exports."""
    place, written = done

    (program,) = (step.text for step in STEPS if step.kind == "python")
    assert written[program][1] == "results/mine/report.html\n"
    for name in ("results/kernel/report.html", "results/cifar10-first-batch/report.html", "photographs.html"):
        assert (place / name).read_text().startswith("<!doctype html>")
    assert (place / "answers.csv").read_text().startswith("image,rank,class,")
    if not missing("onnx"):
        assert {"model.onnx", "model.pt2", "README.md"} <= {p.name for p in (place / "exports/5x5-seed-01").iterdir()}


@pytest.mark.parametrize("step", [s for s in STEPS if s.kind == "toml"], ids=lambda step: step.text.splitlines()[0])
def test_the_study_files_of_the_pages_are_valid(tmp_path, step):
    """A part of one is put into the whole one: a variation at its end, [data] in place of its own."""
    whole = next(step.text for step in STEPS if step.text.startswith("# kernel.toml"))
    text = step.text
    if text.startswith(("[[variation]]", "[[cross]]")):
        text = whole + text
    elif text.startswith("[data]"):
        text = re.sub(r"\[data\]\n.*?\n\n", text + "\n", whole, flags=re.DOTALL)
    (tmp_path / "study.toml").write_text(text)
    (tmp_path / "photographs").mkdir()

    assert ceteris.read_study(tmp_path / "study.toml").title == "Does a larger kernel help?"


def test_every_block_of_the_pages_is_of_a_kind_that_is_tested():
    """A block without a language would be read by nobody."""
    assert {step.kind for step in STEPS} <= {*COMMANDS, "python", "toml"}


@pytest.mark.parametrize("page", OTHERS, ids=lambda page: str(page.relative_to(ROOT)))
def test_other_pages_have_no_code_that_nobody_runs(page):
    """Five pages have tests of their own; elsewhere are diagrams, tables, figures, and what goes into an article."""
    kinds = {step.kind for step in steps(page)}

    own = {"tutorial.md", "own-code.md", "agents.md", "published-tables.md", "cluster.md"}

    assert page.name in own or kinds <= {"", "latex"}


@pytest.mark.parametrize("page", sorted({*PAGES, *OTHERS, *ROOT.glob("studies/*.md")}), ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page):
    """To a file of the project, and where it names a heading, to that."""
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.*)", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}, target


@pytest.mark.parametrize("file", sorted(ROOT.glob("examples/*.toml")), ids=lambda file: file.stem)
def test_the_examples_run(tmp_path, file):
    """Each from its file alone, with fewer seeds, epochs and images."""
    (tmp_path / file.name).write_text(shortened(file.read_text()))
    for code in file.parent.glob("*.py"):
        shutil.copy(code, tmp_path)
    study = ceteris.read_study(tmp_path / file.name)

    with few_images():
        assert ceteris.run(study, folder=tmp_path / "results", executor=CallingThread()).is_complete


@pytest.mark.parametrize("page", [PAGE, FOUNDING], ids=lambda page: page.name)
def test_the_output_of_make_study_is_of_the_study_as_it_is(page):
    """Pasted from a terminal: a row for every arm in the order of the file, each with all its seeds."""
    study = ceteris.read_study(ROOT / "studies" / "cifar10-first-batch.toml")
    (output,) = re.findall(r"<!-- .*`make study`.* -->\n\n```text\n(.*?)```", page.read_text(), re.DOTALL)
    rows = re.search(r"^factor .*?\n(.*?)\n(\n|$)", output, re.DOTALL | re.MULTILINE)[1].splitlines()

    expected = [("", "baseline"), *((variation.factor, variation.name) for variation in study.variations)]
    for row, (factor, name) in zip(rows, expected, strict=True):
        assert re.match(rf"({re.escape(factor)})? +{re.escape(name)} ", row), row
        runs = len(study.seeds_of(name))
        assert re.search(rf" {runs} of {runs}(, \d+ at chance)?$", row.rstrip()), row


def test_the_table_of_the_first_page_is_that_of_the_whole_output():
    """Both were pasted from one run."""
    table = re.search(r"```text\n( +simultaneous\n.*?)```", PAGE.read_text(), re.DOTALL)[1]

    assert table in FOUNDING.read_text()


def tables():
    """Read the tables of keys: by the first words of the head, the cells of each row."""
    tokens = MarkdownIt().enable("table").parse(KEYS_PAGE.read_text())
    found, rows = {}, []
    for token, inside in itertools.pairwise(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in {"th_open", "td_open"}:
            rows[-1].append(inside.content)
        elif token.type == "table_close":
            found[rows[0][0]] = rows[1:]
            rows = []
    return found


SCHEMA = study_schema()
KEYS = {
    "key": set(SCHEMA["properties"]) - {"data", "baseline", "variation", "cross", "analysis"},
    "`[data]`": set(SCHEMA["$defs"]["DataChoice"]["properties"]),
    "published network, in place of `layers`": set(SCHEMA["$defs"]["PresetNetwork"]["properties"]),
    "pretrained network, in place of `layers`": set(SCHEMA["$defs"]["BackboneNetwork"]["properties"]),
    "`[baseline.training]`": set(SCHEMA["$defs"]["Training"]["properties"]),
    "`[analysis]`": set(SCHEMA["$defs"]["AnalysisSettings"]["properties"]),
    "`[[variation]]`": set(SCHEMA["$defs"]["Variation"]["properties"]),
    "`[[cross]]`": set(SCHEMA["$defs"]["Cross"]["properties"]),
    "`[[cross.factor]]`": set(SCHEMA["$defs"]["CrossedFactor"]["properties"]),
}


@pytest.mark.parametrize("head", KEYS)
def test_the_page_lists_every_key(head):
    """Those of the schema, and no other."""
    assert {key for row in tables()[head] for key in re.findall(r"`(\w+)`", row[0])} == KEYS[head]


def test_the_page_lists_every_layer_kind_with_its_keys():
    """Those of the schema, and no other."""
    kinds = [rule["$ref"].split("/")[-1] for rule in SCHEMA["$defs"]["Layer"]["oneOf"]]
    properties = [list(SCHEMA["$defs"][kind]["properties"]) for kind in kinds]
    rows = {row[0].strip("`"): re.findall(r"`(\w+)`", row[1]) for row in tables()["layer, in `network.layers`"]}

    assert {name: set(keys) for name, keys in rows.items()} == {keys[0]: set(keys) for keys in properties}


def test_the_page_lists_every_word_that_a_key_may_have():
    """Optimizers, activations, scalings and the like."""
    words = {word for text in re.findall(r'"enum": (\[.*?\])', json.dumps(SCHEMA)) for word in json.loads(text)}

    assert {word for word in words if f'"{word}"' not in KEYS_PAGE.read_text()} == set()


def test_the_page_states_every_default():
    """As the schema has them."""
    definitions = SCHEMA["$defs"]
    for head, name in {
        "`[data]`": "DataChoice",
        "pretrained network, in place of `layers`": "BackboneNetwork",
        "`[baseline.training]`": "Training",
        "`[analysis]`": "AnalysisSettings",
    }.items():
        for row in tables()[head]:
            keys = re.findall(r"`(\w+)`", row[0])
            defaults = [definitions[name]["properties"][key].get("default") for key in keys]
            stated = [cell.strip().strip("`") for cell in row[2].split(",")] if row[2] else []
            for default, text in zip(defaults, stated, strict=False):
                if isinstance(default, str | bool | int | float):
                    assert json.loads(text) == default, (keys, text)
