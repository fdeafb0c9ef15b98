"""`docs/agents.md`: its numbers are computed, its commands can be run, and its example guards a repository."""

import re
import shlex
import shutil
import tomllib

import numpy as np
import pytest
import typer
from scipy import stats

import ceteris
from ceteris.analysis.expectations import Cause, Claim
from ceteris.cli.application import app
from ceteris.study.changes import CodeChange
from ceteris.study.own_code import with_code
from tests.documents import ROOT, steps
from tests.proposals import MEAN, NOISE, PLAN, is_kept, judged, propose, runs_of

PAGE = ROOT / "docs" / "agents.md"
TEXT = PAGE.read_text(encoding="utf-8")
GUARD = ROOT / "examples" / "guard"


@pytest.fixture(scope="module")
def proposals():
    """Propose 200 changes that do nothing."""
    return propose(200)


def rows():
    """Read the table of rules: by its first words, what was kept."""
    return dict(re.findall(r"^\| kept if (.{12}).* \| (.*) \|$", TEXT, re.MULTILINE))


def test_keeping_every_improvement_keeps_noise(proposals):
    """A higher mean is a matter of chance, and so is a t test that is tried again with more seeds."""
    first = PLAN.first
    higher = sum(one.changed[:first].mean() > one.baseline[:first].mean() for one in proposals)
    tried = 0
    for one in proposals:
        tests = [stats.ttest_rel(one.changed[:size], one.baseline[:size]) for size in PLAN.sizes]
        tried += any(test.pvalue < 0.05 and test.statistic > 0 for test in tests)

    assert higher > 50
    assert tried > 0.05 * len(proposals)
    assert (rows()["the mean of "], rows()["a t test at "]) == (str(higher), str(tried))


def test_a_record_is_believed_that_was_luck(proposals):
    """Whoever keeps the best run claims what no network has."""
    best, kept = proposals[0].baseline[0], 0
    for one in proposals:
        kept += one.changed[0] > best
        best = max(best, one.changed[0])

    assert rows()["its run scor"] == f"{kept}, and the best then claims {100 * best:.2f} %"
    assert f"a number that is {100 * (best - MEAN):.2f} percentage points too high" in TEXT


def test_declared_looks_keep_the_promised_share(proposals):
    """At most 5 % of changes that do nothing; those that do something are kept, with fewer runs than were allowed."""
    kept = sum(is_kept(judged(one)) for one in proposals)
    worth = [judged(one) for one in propose(20, effect=1.5)]
    found, runs = sum(map(is_kept, worth)), np.mean([runs_of(one) for one in worth])

    assert kept <= 0.05 * len(proposals)
    assert rows()["`ceteris che"] == str(kept)
    told = f"Of 20 changes that are worth 1.5 standard deviations it kept {found}, with {runs:.1f} runs on average"
    assert told in " ".join(TEXT.split())
    assert found > 15
    assert runs < 2 * PLAN.most
    assert NOISE == 0.01


def test_the_loop_of_the_page_can_be_run(tmp_path):
    """Its study is one with declared looks, and its commands take what they are given."""
    toml, *commands = steps(PAGE)
    (tmp_path / "proposal.toml").write_text(toml.text)
    study = ceteris.read_study(tmp_path / "proposal.toml")

    assert study.seeds.plan == PLAN
    assert [variation.name for variation in study.variations] == ["proposal"]
    assert [parsed(step.text) for step in commands] == ["plan", "run", "check"]


def parsed(text):
    """Let the command line take a command, and do nothing; gives its name."""
    program, name, *arguments = shlex.split(text.partition(">")[0].partition(";")[0])
    assert program == "ceteris"
    typer.main.get_command(app).commands[name].make_context(name, arguments)
    return name


def test_the_page_knows_every_expectation_and_every_cause():
    """What a program may meet is explained."""
    assert [claim for claim in Claim if f"`{claim}" not in TEXT] == []
    assert [cause for cause in Cause if f"`{cause}`" not in TEXT] == []


@pytest.mark.parametrize("width", ["16", "32"])
def test_the_study_of_the_example_compares_two_versions_of_a_network(tmp_path, width):
    """The same code in another folder is no change of a line."""
    (tmp_path / "base").mkdir()
    for file in GUARD.iterdir():
        shutil.copy(file, tmp_path)
    shutil.copy(GUARD / "nets.py", tmp_path / "base")
    (tmp_path / "nets.py").write_text((GUARD / "nets.py").read_text().replace("16", width))
    baseline, variation = with_code(ceteris.read_study(tmp_path / "guard.toml"), tmp_path).arms()
    found = ceteris.changes(baseline.specification, variation.specification)

    assert any(isinstance(one, CodeChange) for one in found) is (width == "32")


def test_the_workflow_guards_by_the_name_of_the_variation():
    """Its commands are those of the program, and its expectation is about the only variation."""
    (variation,) = tomllib.loads((GUARD / "guard.toml").read_text())["variation"]
    workflow = (GUARD / "workflow.yml").read_text()

    assert f'--expect "{variation["name"]}: not worse"' in workflow
    assert [parsed(text) for text in re.findall(r"- run: (ceteris .*)", workflow)] == ["run", "check"]
