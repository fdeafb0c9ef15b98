"""Classes and functions that Python holds, turned into text: those of files, and those of notebooks."""

import json
import linecache
import math
import sys
from importlib import import_module
from types import ModuleType

import pytest

from ceteris.errors import StudyError
from ceteris.networks.own_module import ModuleNetwork
from ceteris.study.specification import Baseline
from ceteris.study.study import Study
from ceteris.study.variation import Variation
from ceteris.training.own_function import TrainFunction
from ceteris.training.training import Training
from ceteris.usercode.find import CodeError
from ceteris.usercode.load import load
from ceteris.usercode.source import code_of

CELLS = (
    "import math as maths\nfrom json import dumps\nimport helper\n\nWIDTH, unused = 8, object()\nsizes = [1, 2]\n",
    "def double(value):\n    return 2 * value\n\n\ndoubled = double\n",
    "class Base:\n    def width(self):\n        return doubled(WIDTH) + helper.two\n",
    (
        "class Net(Base):\n    def size(self, unused=1):\n        return self.width() + maths.floor(1.5) + "
        "len(dumps(sizes)) + unused\n"
    ),
)


@pytest.fixture
def notebook(monkeypatch, tmp_path):
    """A function that runs a cell in a notebook, beside which lies a file."""
    (tmp_path / "helper.py").write_text("two = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    main = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.delitem(sys.modules, "helper", raising=False)

    def run(cell):
        name = f"<cell {hash(cell)}>"
        linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
        exec(compile(cell, name, "exec"), main.__dict__)  # noqa: S102 - as a notebook does it
        return main

    return run


def test_a_class_of_a_notebook_is_taken_out_with_what_it_uses(notebook):
    """Functions, classes, constants and imports of other cells, each before its use; a file beside it is read."""
    for cell in CELLS:
        main = notebook(cell)
    name, files = code_of(main.Net)

    assert name == "notebook.py:Net"
    assert dict(files)["helper.py"] == "two = 2\n"
    assert dict(files)["notebook.py"] == (
        "from json import dumps\nimport helper\nimport math as maths\n\n\nWIDTH = 8\nsizes = [1, 2]\n\n\n"
        "def double(value):\n    return 2 * value\n\n\ndoubled = double\n\n\n" + CELLS[2] + "\n\n" + CELLS[3]
    )
    assert load(name, files)().size() == main.Net().size() == 16 + 2 + 1 + len(json.dumps([1, 2])) + 1


def test_only_a_cell_that_is_used_makes_another_digest(notebook):
    """Another one changes nothing of the text."""
    for cell in CELLS:
        main = notebook(cell)
    before = code_of(main.Net)
    notebook("unused = 1\n\n\ndef other():\n    return WIDTH\n")

    assert code_of(main.Net) == before
    notebook("WIDTH = 9\n")
    assert code_of(main.Net) != before


def test_a_class_of_a_file_is_read_from_there(tmp_path, monkeypatch):
    """With what it imports from its folder, as a study file would name it."""
    (tmp_path / "nets_of_a_file.py").write_text("import parts_of_it\n\n\nclass Net:\n    pass\n")
    (tmp_path / "parts_of_it.py").write_text("width = 8\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    name, files = code_of(import_module("nets_of_a_file").Net)

    assert (name, [path for path, _ in files]) == ("nets_of_a_file.py:Net", ["nets_of_a_file.py", "parts_of_it.py"])


NESTED = (
    "is a lambda, or is defined inside a function or a class; define it with class or def at the top of a file or a "
    "notebook cell, so that its text can be kept."
)


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("Net = lambda classes: None\n", f"<lambda> {NESTED}"),
        (
            "def around():\n    def inner():\n        pass\n    return inner\n\n\nNet = around()\n",
            f"around.<locals>.inner {NESTED}",
        ),
        ("Net = 8\n", "8 is no class and no function; give one that is defined with class or def."),
        (
            "from json import JSONEncoder as Net\n",
            (
                "JSONEncoder is a part of json, which is installed, and only your own code is kept; give a class or a "
                "function of yours that uses it."
            ),
        ),
        (
            "import random\n\ngenerator = random.Random(1)\n\n\ndef Net(classes):\n    return generator\n",
            (
                "Net uses 'generator', a random.Random that is made elsewhere, whose text is not known; make it inside "
                "Net, or give it as an argument."
            ),
        ),
        ("class Net:\n    width = 8\n", "the text of Net cannot be found, as it has no method; give it an __init__."),
    ],
)
def test_what_has_no_text_is_refused(notebook, cell, sentence):
    """In one sentence that says what to do."""
    main = notebook(cell)
    with pytest.raises(CodeError) as caught:
        code_of(main.Net)

    assert str(caught.value) == sentence


def test_a_function_whose_cell_is_gone_is_refused(notebook):
    """As in a plain interpreter, which keeps no text."""
    main = notebook("def train(request):\n    yield\n")
    linecache.cache.pop(main.train.__code__.co_filename)
    with pytest.raises(CodeError) as caught:
        code_of(main.train)

    assert str(caught.value) == "the text of train is not known here; write it into a file beside the study."


def test_classes_and_functions_stand_for_their_names_in_a_study(notebook):
    """In a baseline and in variations, with arguments or without; a mistake is one of the study."""
    main = notebook("def Net(classes, width=8):\n    return None\n\n\ndef train(request):\n    yield\n")
    study = Study(
        title="Mine",
        seeds=1,
        baseline=Baseline(network=main.Net, training=Training()),
        variations=[
            Variation(factor="width", name="wide", network=ModuleNetwork.of(main.Net, width=16)),
            Variation(factor="train", name="own", train=main.train),
            Variation(factor="train", name="rate", train=TrainFunction.of(main.train, rate=0.5)),
        ],
    )
    found = [arm.specification for arm in study.arms()]

    assert [str(one.network) for one in found[:2]] == ["notebook.py:Net", "notebook.py:Net (width = 16)"]
    assert [str(one.train) for one in found[2:]] == ["notebook.py:train", "notebook.py:train (rate = 0.5)"]
    with pytest.raises(StudyError) as caught:
        Baseline(network=math.floor.__class__, training=Training())
    assert str(caught.value).startswith("network: builtin_function_or_method is a part of builtins, which is installed")
