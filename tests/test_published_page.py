"""`docs/published-tables.md`: its commands say what it shows, and its tables hold what was published."""

import csv
import shutil
import statistics

import pytest

from tests.documents import ROOT, Workplace, steps

PAGE = ROOT / "docs" / "published-tables.md"
TABLES = ROOT / "examples" / "published"

# The summaries that the sources print of the same runs.
MEANS = {
    "psa_mnist_2x939.csv": {"Dropout": "98.19"},
    "psa_mnist_18x18.csv": {"None": "10.48", "Decay": "10.22", "Dropout": "10.18", "Full": "11.20", "Hidden": "10.11",
                            "Output": "18.87"},
}  # fmt: skip
TIMES = {"baseline": "77.0982", "weighted_r8": "76.8566", "topological_r8": "76.8804", "weighted_r6": "76.7208"}
LOSSES = {"baseline": "3.27796", "weighted_r8": "3.27754", "topological_r8": "3.27678", "weighted_r6": "3.28028"}
STEPS = steps(PAGE)


def rows(name):
    """Read a table."""
    with (TABLES / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.text.replace("/", " "))
def test_the_page_shows_what_its_commands_say(step, tmp_path):
    """Every line of each, but for spaces at its end; what `check` says besides goes to standard error."""
    workplace = Workplace(home=tmp_path).prepare()
    shutil.copytree(TABLES, workplace.folder / "examples" / "published")
    code, out, err = workplace.do(step)

    assert (code, err == "") == ((3, False) if "ceteris check" in step.text else (0, True))
    assert [line.rstrip() for line in out.splitlines()] == step.shown.splitlines()


def test_every_table_is_judged_and_has_a_source():
    """None lies there unused, and none without saying where it is from."""
    commands, sources = " ".join(step.text for step in STEPS), (TABLES / "README.md").read_text(encoding="utf-8")

    for table in TABLES.glob("*.csv"):
        assert f"examples/published/{table.name}" in commands
        assert f"`{table.name}`" in sources


@pytest.mark.parametrize("name", MEANS)
def test_accuracies_have_the_published_means(name):
    """To the digits that the paper gives."""
    means = {arm: statistics.mean(float(row[arm].removesuffix("%")) for row in rows(name)) for arm in MEANS[name]}

    assert {arm: f"{mean:.2f}" for arm, mean in means.items()} == MEANS[name]


def test_losses_and_times_have_the_published_means():
    """To the digits that the record gives."""
    table = rows("nanogpt_layer_dropout.csv")
    found = {
        arm: [
            [float(row[key]) for row in table if row["configuration"] == arm] for key in ("final_loss", "time_seconds")
        ]
        for arm in TIMES
    }

    assert {arm: f"{statistics.mean(one[0]):.5f}" for arm, one in found.items()} == LOSSES
    assert {arm: f"{statistics.mean(one[1]):.4f}" for arm, one in found.items()} == TIMES
