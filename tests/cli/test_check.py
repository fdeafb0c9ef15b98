import json
from pathlib import Path

import pytest

from tests.made_up import VARIATIONS, made_up_folder, made_up_study

NOTE = "note: These images were drawn by the program.\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A results folder with a variation of each verdict."""
    return made_up_folder(tmp_path_factory.mktemp("check") / "r")


def expectations(*texts):
    """Give the arguments for some expectations."""
    return [argument for text in texts for argument in ("--expect", text)]


DEEPER = "holds: deeper: better. Found better, +5.75 pp (simultaneous 95 % interval +4.95 to +6.55 pp), margin 1.5 pp."
TANH = (
    "holds: tanh: not worse. Found equivalent, +0.09 pp (simultaneous 95 % interval \N{MINUS SIGN}0.35 to +0.54 pp), "
    "margin 1.5 pp."
)
SHALLOW = (
    "contradicted: shallow: not worse. Found worse, \N{MINUS SIGN}8.00 pp (simultaneous 95 % interval "
    "\N{MINUS SIGN}9.13 to \N{MINUS SIGN}6.87 pp), margin 1.5 pp."
)
NOISY = (
    "undecided: noisy: better. Found undecided, \N{MINUS SIGN}1.72 pp (simultaneous 95 % interval "
    "\N{MINUS SIGN}13.28 to +9.84 pp), margin 1.5 pp; 8 + 8 more runs (baseline + variation) show a difference with "
    "2 %."
)
RATES = "undecided: noisy: collapses less often. Found 0 of 8 runs that collapsed, and 0 of 8 of the baseline (p = 1)."
LEARNED = "Found 8 of 8 runs that learned (interval 51.6 to 100.0 %)."


@pytest.mark.parametrize(
    ("texts", "code", "lines"),
    [
        (["deeper: better", "tanh: not worse"], 0, [DEEPER, TANH]),
        (["deeper: better", "shallow: not worse", "noisy: better"], 1, [DEEPER, SHALLOW, NOISY]),
        (["noisy: collapses less often", "deeper: better"], 3, [RATES, DEEPER]),
        (
            ["baseline: learns in 50 %", "deeper: learns in 95 %"],
            3,
            [f"holds: baseline: learns in 50 %. {LEARNED}", f"undecided: deeper: learns in 95 %. {LEARNED}"],
        ),
    ],
)
def test_each_expectation_is_answered_in_a_line(ceteris, folder, texts, code, lines):
    """What was expected and what was found; the exit code sums up, and warnings go to standard error."""
    assert ceteris("check", folder, *expectations(*texts)) == (code, "".join(f"{line}\n" for line in lines), NOTE)


def test_json_says_the_same(ceteris, folder):
    """The lines go to standard error; outcome, cause and what was found are there for a program."""
    asked = expectations("deeper: better", "noisy: better", "deeper: learns in 50 %")
    said = ceteris("check", folder, *asked)[1]
    code, out, err = ceteris("check", folder, *asked, "--json")
    found = json.loads(out)

    assert (code, err) == (3, NOTE + said)
    assert (found["document"], found["schema_version"], found["outcome"]) == ("check", 1, "undecided")
    assert [(one["expectation"], one["outcome"], one["cause"]) for one in found["expectations"]] == [
        ("deeper: better", "holds", None),
        ("noisy: better", "undecided", "open"),
        ("deeper: learns in 50 %", "holds", None),
    ]
    assert [one["text"] for one in found["expectations"]] == said.splitlines()
    assert found["expectations"][0]["comparison"]["decision"] == "better"
    assert found["expectations"][2]["learning"]["estimate"] == 1
    assert [one["code"] for one in found["warnings"]] == ["note"]


def test_without_an_expectation_there_is_nothing_to_check(ceteris, folder):
    """A line says what to give."""
    assert ceteris("check", folder) == (
        2,
        "",
        "error: nothing is expected: give at least one --expect, for example --expect '5x5: not worse'.\n",
    )


def test_a_mistake_in_any_expectation_ends_it_before_anything_is_said(ceteris, folder):
    """One line, and 2 for the shell."""
    code, out, err = ceteris("check", folder, *expectations("deeper: better", "deepr: worse"))

    assert (code, out) == (2, "")
    assert err == (
        "error: --expect 'deepr: worse': the study compares no variation 'deepr' with its baseline. Did you mean "
        "'deeper'?\n"
    )


def test_why_nothing_is_decided_is_said(ceteris, tmp_path):
    """A study with a run to come, one before its first look, and one before its last."""
    fixed, looks = (
        made_up_folder(
            tmp_path / name,
            study=made_up_study(seeds=seeds, variation=VARIATIONS[:1]),
            became={("deeper", 2): "missing"},
        )
        for name, seeds in (("fixed", 3), ("looks", {"first": 6, "step": 2, "most": 8}))
    )
    between = made_up_folder(
        tmp_path / "between",
        study=made_up_study(seeds={"first": 6, "step": 2, "most": 10}, variation=VARIATIONS[3:]),
        asked={"baseline": 8, "noisy": 8},
        became={("noisy", 7): "missing"},
    )
    for folder, why in (
        (fixed, "Runs are still to come, and a fixed number of seeds is judged once, when all are there."),
        (looks, "No look has been taken yet: the runs of the first are still to come."),
        (between, "The last look has not been taken yet: runs of the next are still to come."),
    ):
        name = "noisy" if folder is between else "deeper"
        code, out, _ = ceteris("check", folder, *expectations(f"{name}: better"))

        assert code == 3
        assert out.startswith(f"undecided: {name}: better. Found ")
        assert out.endswith(f" {why}\n")


def test_a_design_that_was_changed_is_told(ceteris, tmp_path):
    """Variations that were taken away after results were there leave nothing to be shown in this folder."""
    made_up_folder(tmp_path / "r", study=made_up_study(seeds=3))
    made_up_folder(tmp_path / "r", study=made_up_study(seeds=3, variation=VARIATIONS[:1]))
    code, out, _ = ceteris("check", tmp_path / "r", *expectations("deeper: better"))

    assert code == 3
    assert out.startswith("undecided: deeper: better. Found better, ")
    assert out.endswith(
        " Seeds, arms or variations were changed when results were there, for which no level allows: a new folder with "
        "new seeds can show it.\n"
    )


LOSSES = {"base": 2.9, "big": 2.8}
RUNS = "".join(f"{name},{seed},{loss + seed**2 / 1000:.3f}\n" for name, loss in LOSSES.items() for seed in range(4))
BIG = (
    "holds: big: better. Found better, \N{MINUS SIGN}3.44 % (simultaneous 95 % interval \N{MINUS SIGN}3.68 to "
    "\N{MINUS SIGN}3.21 %), margin 1 %."
)
BASE = "holds: base: learns in 20 %. Found 4 of 4 runs that learned (interval 33.4 to 100.0 %)."


def test_a_table_is_checked_as_judge_reads_it(ceteris, tmp_path, monkeypatch):
    """Of a loss, lower is better and differences are in per cent; what was taken for what goes to standard error."""
    monkeypatch.chdir(tmp_path)
    Path("runs.csv").write_text(f"model,seed,loss\n{RUNS}")
    table = ("runs.csv", "--baseline", "base", "--margin", "1%")
    code, out, err = ceteris("check", *table, *expectations("big: better", "base: learns in 20 %"))

    assert (code, out.splitlines()) == (0, [BIG, BASE])
    assert err == ceteris("judge", *table)[1].partition("\n\n")[0] + "\n"
    assert ceteris("check", *table, "--looks", "1/3", *expectations("big: better"))[0] == 3
