"""`docs/agents.md`: its loop is run, its numbers are computed, and its example guards a repository."""

import importlib.util
import json
import re
import shutil
import tomllib

import numpy as np
import pytest
from scipy import stats

from ceteris.analysis.expectations import Cause, Claim
from ceteris.cli.application import app
from tests.documents import ROOT, Workplace, shortened, steps
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


def test_the_loop_of_the_page_runs(tmp_path):
    """With fewer seeds and epochs: each command ends, and what it writes for programs is there."""
    workplace = Workplace(home=tmp_path).prepare()
    for step in steps(PAGE):
        if step.kind == "toml":
            (workplace.folder / "proposal.toml").write_text(shortened(step.text))
            continue
        code, _, err = workplace.do(step)
        assert code == 0, err

    found = json.loads((workplace.folder / "check.json").read_text())
    assert [one["expectation"] for one in found["expectations"]] == ["proposal: better"]
    assert json.loads((workplace.folder / "results/proposal/verdicts.json").read_text())["document"] == "verdicts"


def test_the_page_knows_every_expectation_and_every_cause():
    """What a program may meet is explained."""
    assert [claim for claim in Claim if f"`{claim}" not in TEXT] == []
    assert [cause for cause in Cause if f"`{cause}`" not in TEXT] == []


def test_the_study_of_the_example_runs(tmp_path):
    """The branch against itself, with fewer seeds and epochs."""
    if not importlib.util.find_spec("torch"):
        pytest.skip("a module of one's own needs PyTorch")
    workplace = Workplace(home=tmp_path).prepare()
    study = shortened((GUARD / "guard.toml").read_text())
    (workplace.folder / "guard.toml").write_text(study)
    for folder in (workplace.folder, workplace.folder / "base"):
        folder.mkdir(exist_ok=True)
        shutil.copy(GUARD / "nets.py", folder)
    commands = re.findall(r"- run: (ceteris .*)", (GUARD / "workflow.yml").read_text())
    trained, checked = (workplace.do(type(steps(PAGE)[0])(kind="sh", text=command)) for command in commands)

    assert trained[0] == 0, trained[2]
    assert checked[0] in {0, 3}, checked  # so few seeds and images show little
    assert checked[1].startswith(("holds: pull request: not worse. ", "undecided: pull request: not worse. "))


def test_the_workflow_guards_by_the_name_of_the_variation():
    """Its commands are those of the program, and its expectation is about the only variation."""
    (variation,) = tomllib.loads((GUARD / "guard.toml").read_text())["variation"]
    workflow = (GUARD / "workflow.yml").read_text()

    assert f'--expect "{variation["name"]}: not worse"' in workflow
    names = {command.callback.__name__ for command in app.registered_commands}
    assert set(re.findall(r"ceteris (\w+) ", workflow)) <= names
