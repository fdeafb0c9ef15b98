"""Studies of the user's own code: read, checked, varied and compared, and nothing of it run."""

import shutil

import pytest

from ceteris.datasets.choice import DataChoice
from ceteris.errors import StudyError
from ceteris.networks.own_module import ModuleNetwork
from ceteris.study.changes import CodeChange, changes
from ceteris.study.own_code import with_code
from ceteris.study.reader import read_study
from ceteris.study.specification import Specification
from ceteris.training.training import Training

STUDY = """\
title = "Own"
seeds = 2

[data]
name = "shapes"

[baseline]
network = { module = "nets.py:Net", arguments = { width = 8, widths = [8, 16] } }

[baseline.training]
learning_rate = 0.01
epochs = 3

[[variation]]
factor = "width"
name = "wide"
set = { "network.arguments.width" = 16, "network.arguments.depth" = 2 }

[[variation]]
factor = "activation"
name = "GELU"
network = { module = "gelu.py:Net", arguments = { width = 8, widths = [8, 16] } }
"""
NETS = "raise SystemExit('nobody runs this here')\n\n\nclass Net:\n    activation = 'relu'\n    other = 1\n"


@pytest.fixture
def folder(tmp_path):
    """A study with two files of its own, which end whatever runs them."""
    (tmp_path / "own.toml").write_text(STUDY)
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "gelu.py").write_text(NETS.replace("relu", "gelu"))
    return tmp_path


def test_a_study_carries_the_text_of_its_code(folder):
    """So that neither a worker nor a report needs the files."""
    baseline, wide, gelu = (arm.specification for arm in read_study(folder / "own.toml").arms())

    assert baseline.network == ModuleNetwork(
        module="nets.py:Net", arguments={"width": 8, "widths": [8, 16]}, code={"nets.py": NETS}
    )
    assert dict(wide.network.arguments) == {"width": 16, "widths": (8, 16), "depth": 2}
    assert gelu.code == (("gelu.py", NETS.replace("relu", "gelu")),)


def test_the_computed_change_shows_arguments_and_lines(folder):
    """A file is compared with the file in its place, and a single line is shown."""
    baseline, wide, gelu = (arm.specification for arm in read_study(folder / "own.toml").arms())

    assert [str(change) for change in changes(baseline, wide)] == ["width 8 -> 16", "depth none -> 2"]
    assert [str(change) for change in changes(baseline, gelu)] == [
        "module nets.py:Net -> gelu.py:Net",
        "code of nets.py -> gelu.py: activation = 'relu' -> activation = 'gelu'",
    ]
    assert changes(baseline, gelu)[1].diff == (
        "@@ -4,3 +4,3 @@",
        " class Net:",
        "-    activation = 'relu'",
        "+    activation = 'gelu'",
        "     other = 1",
    )


def test_files_that_were_renamed_are_compared_with_those_most_like_them():
    """A file beside the named one that has another name in the variation; long diffs are counted."""
    before = ModuleNetwork(module="a.py:A", code={"a.py": "A = 1\n", "block.py": "x = 1\ny = 2\nz = 3\n"})
    after = ModuleNetwork(
        module="a.py:A", code={"a.py": "A = 1\n", "more.py": "x = 1\ny = 2\nz = 4\n", "new.py": "p\nq"}
    )
    found = list(map(str, _changes(before, after)))

    assert found == ["code of block.py -> more.py: z = 3 -> z = 4", "code of new.py: no line -> 2 lines"]
    long = CodeChange(path="a.py", diff=tuple(f"+{line}" for line in range(50)))
    assert long.short_diff[-2:] == ("+39", "... and 10 more lines")


def _changes(before, after):
    one, other = (
        Specification(data=DataChoice(), network=network, training=Training(learning_rate=0.1, epochs=1))
        for network in (before, after)
    )
    return changes(one, other)


def test_digests_depend_on_contents_alone(folder, tmp_path_factory):
    """Not on the folder; a changed line makes other runs."""
    runs = [run.digest for run in read_study(folder / "own.toml").runs("0" * 64)]
    copy = shutil.copytree(folder, tmp_path_factory.mktemp("elsewhere") / "copy")
    copied = [run.digest for run in read_study(copy / "own.toml").runs("0" * 64)]
    (copy / "nets.py").write_text(NETS + "# changed\n")
    changed = [run.digest for run in read_study(copy / "own.toml").runs("0" * 64)]

    assert runs == copied
    assert [one == other for one, other in zip(runs, changed, strict=True)] == [False] * 4 + [True] * 2


def test_a_study_from_python_reads_its_code_where_it_is_told(folder):
    """What was read before is not read again."""
    read = read_study(folder / "own.toml")
    table = read.model_dump(by_alias=True)
    for network in (table["baseline"]["network"], table["variation"][1]["network"]):
        del network["code"]

    assert with_code(type(read).model_validate(table), folder) == read
    (folder / "nets.py").unlink()
    assert with_code(read, folder) is read


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            "nets.py:Net",
            "net.py:Net",
            (
                'own.toml:8: baseline.network.module = "net.py:Net": there is no file net.py beside the study; did '
                "you mean "
                "'nets.py'?"
            ),
        ),
        (
            '"gelu.py:Net"',
            '"gelu.py"',
            'own.toml:22: variation \'GELU\': network.module = "gelu.py" must be "nets.py:Net" or "models.small:Net".',
        ),
        (
            'module = "nets.py:Net",',
            'module = "nets.py:Net", code = { a = "b" },',
            "own.toml:8: baseline.network: unknown key 'code'; ceteris reads it.",
        ),
        (
            '"network.arguments.depth" = 2',
            '"network.module" = "gelu.py:Net"',
            (
                "own.toml:17: variation 'wide': \"network.module\" cannot be set in a module of your own; its "
                "arguments are "
                'network.arguments.*; for another module write network = { module = "..." }.'
            ),
        ),
        (
            '"network.arguments.width" = 16',
            '"network.arguments.width" = 8',
            (
                "own.toml:17: variation 'wide': \"network.arguments.width\" = 8 is what the baseline has; remove it, "
                "or give "
                "another value."
            ),
        ),
        (
            "arguments = { width = 8, widths = [8, 16] } }\n\n[baseline.t",
            "argument = { width = 8 } }\n\n[baseline.t",
            "own.toml:8: baseline.network: unknown key 'argument'; did you mean 'arguments'?",
        ),
    ],
)
def test_mistakes_are_told_with_their_line(folder, before, after, sentence):
    """As every mistake of a study file."""
    assert before in STUDY
    (folder / "own.toml").write_text(STUDY.replace(before, after, 1))
    with pytest.raises(StudyError) as caught:
        read_study(folder / "own.toml")

    assert str(caught.value) == f"{folder}/{sentence}"


TRAIN = """\
import numpy as np

from nets import Net


def train(request):
    yield {"rate": 1}
    return None
"""


@pytest.fixture
def trained(folder):
    """A study whose runs functions of the user's own train, without a network, and one that does so in a variation."""
    (folder / "train.py").write_text(TRAIN)
    (folder / "slow.py").write_text(TRAIN.replace("1}", "2}"))
    text = STUDY.replace(
        'network = { module = "nets.py:Net", arguments = { width = 8, widths = [8, 16] } }',
        'train = "train.py:train"',
        1,
    )
    text = (
        text[: text.index("[[variation]]")]
        + """\
[[variation]]
factor = "rate"
name = "faster"
set = { "train.arguments.rate" = 0.1 }

[[variation]]
factor = "function"
name = "slow"
train = { function = "slow.py:train", arguments = { rate = 0.5 } }
"""
    )
    (folder / "train.toml").write_text(text)
    return folder / "train.toml"


def test_a_study_names_a_training_function_and_needs_no_network(trained):
    """Its file is read with what it imports; a variation sets an argument, or names another."""
    baseline, faster, slow = (arm.specification for arm in read_study(trained).arms())

    assert (str(baseline.train), str(faster.train)) == ("train.py:train", "train.py:train (rate = 0.1)")
    assert [path for path, _ in baseline.code] == ["nets.py", "train.py"]
    assert baseline.network.layers == ()
    assert [str(change) for change in changes(baseline, faster)] == ["rate none -> 0.1"]
    assert [str(change) for change in changes(baseline, slow)] == [
        "training function train.py:train -> slow.py:train",
        "rate none -> 0.5",
        'code of train.py -> slow.py: yield {"rate": 1} -> yield {"rate": 2}',
    ]


def test_a_variation_may_be_trained_by_a_function(folder):
    """In place of what ceteris does, on the network of the baseline."""
    (folder / "train.py").write_text(TRAIN)
    (folder / "own.toml").write_text(STUDY + '\n[[variation]]\nfactor = "f"\nname = "own"\ntrain = "train.py:train"\n')
    baseline, *_, own = (arm.specification for arm in read_study(folder / "own.toml").arms())

    assert (baseline.train, own.network) == (None, baseline.network)
    assert [str(change) for change in changes(baseline, own)] == ["training function none -> train.py:train"]


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            'train = "train.py:train"',
            'train = "train.py:run"',
            "train.toml:8: baseline.train = \"train.py:run\": train.py has no 'run'; name a class or a function of it.",
        ),
        (
            'train = "train.py:train"',
            'train = "head"',
            'train.toml:8: baseline.train = "head" must be "train.py:train" or a table.',
        ),
        (
            '"train.arguments.rate" = 0.1',
            '"train.argument.rate" = 0.1',
            (
                "train.toml:17: variation 'faster': the baseline has no \"train.argument.rate\"; its settings are "
                "train.arguments.* and training.*."
            ),
        ),
    ],
)
def test_mistakes_about_a_function_are_told_with_their_line(trained, before, after, sentence):
    """As every mistake of a study file."""
    trained.write_text(trained.read_text().replace(before, after, 1))
    with pytest.raises(StudyError) as caught:
        read_study(trained)

    assert str(caught.value) == f"{trained.parent}/{sentence}"
