import importlib.util
import json
import statistics

import pytest

from ceteris.analysis.study_analysis import analyze
from ceteris.cli.estimate import Estimate
from ceteris.cli.extent import size
from ceteris.datasets.choice import presumed_images
from ceteris.resources import Cores
from ceteris.results.results import read_results
from ceteris.statistics.power import detectable_difference
from tests.made_up import made_up_folder, made_up_study

PLAN = """\
A miniature

9 runs: the baseline and 2 variations, 3 seeds each, on 6,600 training and 3,400 validation images
of shapes; tested on 10,000.
The fake engine trains 3 packed batches of up to 4 runs, one packed batch at a time per core.

                                                                  para-  multiply-
factor         variation  what it changes                        meters       adds
               baseline                                             490        480
learning rate  0.5        learning rate 0.1 -> 0.5                  490        480
pooling        Pool 4x4   layer 1 (max pool 8): max pool 8 -> 4   1,930      1,920

What 3 seeds can show: a difference of {difference} standard deviations over seeds, with 80 % probability (t
test at 5 %, Holm's method over 4 tests). If accuracies vary by 2 percentage points from seed to
seed, that is {points} percentage points.

Memory: about 61 MB, 61 MB of it for the images; 16 GB are free on this machine.
Time: about 13 s on 2 threads of this machine, at 1,000 images x models per second. Measured on
random images.
"""


@pytest.fixture(autouse=True)
def measured(monkeypatch):
    """Put a known speed in the place of the measurement."""
    monkeypatch.setattr("ceteris.cli.plan.estimate_time", lambda *_, **__: Estimate(seconds=13.0, speed=1000.0))


@pytest.mark.usefixtures("engine")
def test_the_plan_shows_all_there_is_to_know(ceteris, study_file):
    """Runs, packed batches, changes, sizes, what it can show, and how long it takes, in a whole."""
    code, out, err = ceteris("plan", study_file, "--threads", 2)

    assert (code, err) == (0, "")
    lines = "".join(f"{line.rstrip()}\n" for line in out.splitlines())
    difference = detectable_difference(3, 3, comparisons=2)
    assert lines == PLAN.format(difference=f"{difference:.2f}", points=f"{2 * difference:.2f}")


@pytest.mark.usefixtures("engine")
def test_of_many_variations_the_first_ones_are_shown(ceteris, study_file, monkeypatch):
    """It says of how many, and JSON has all."""
    monkeypatch.setattr("ceteris.cli.plan.MOST_SHOWN", 1)

    lines = [line.rstrip() for line in ceteris("plan", study_file, "--threads", 2)[1].splitlines()]
    arms = json.loads(ceteris("plan", study_file, "--threads", 2, "--json")[1])["arms"]

    note = lines.index("1 of 2 variations are shown here, the first ones; `--json` has all.")
    assert [line.split()[0] for line in lines[note - 2 : note]] == ["baseline", "learning"]
    assert lines[note + 1] == ""
    assert [arm["name"] for arm in arms] == ["baseline", "0.5", "Pool 4x4"]


@pytest.mark.usefixtures("engine")
def test_a_study_of_which_nothing_can_be_trained_has_a_plan_all_the_same(ceteris, study_file, monkeypatch):
    """Each arm is shown with the reason why it is skipped."""
    monkeypatch.delenv("CETERIS_WEIGHTS", raising=False)
    start = study_file.read_text().partition("[baseline.network]")[0]
    study_file.write_text(f'{start}[baseline.training]\nepochs = 1\n[baseline.network]\nbackbone = "resnet18"\n')
    code, out, err = ceteris("plan", study_file)

    assert (code, err) == (0, "")
    assert "SKIPPED: 'baseline': " in out
    assert out.endswith("Time: not estimated, because nothing of this study can be trained now.\n")


@pytest.mark.usefixtures("engine")
def test_a_changed_study_is_said_to_be_one(ceteris, study_file):
    """Other seeds and epochs are named above everything."""
    _, out, _ = ceteris("plan", study_file, "--seeds", 4, "--epochs", 1)

    assert out.splitlines()[1:3] == [
        "note: This is a changed study: --seeds 4, where its file says 3 seeds.",
        "note: This is a changed study: --epochs 1, where its file says 3 epochs.",
    ]
    assert "12 runs: " in out


def test_the_images_that_are_trained_on_are_counted(study):
    """A share of them is trained on where the study says so, and a variation may have another."""

    def sizes(fraction, **changes):
        part = study.model_copy(update={"data": study.data.model_copy(update={"fraction": fraction}), **changes})
        return (
            size(part, presumed_images(part.data, part.baseline.network), ()).partition(", on ")[2].partition(" and")[0]
        )

    whole = int(sizes(1.0).split()[0].replace(",", ""))
    (first, *_) = study.variations
    fewer = first.model_copy(update={"set": {"data.fraction": 0.1}})
    assert sizes(0.5) == f"{round(whole * 0.5):,} training"
    assert sizes(1.0, variations=(fewer,)) == f"{round(whole * 0.1):,} to {whole:,} training"


def test_the_spread_may_be_that_of_an_earlier_folder(ceteris, study_file, tmp_path):
    """The median of its arms, among runs that learned; a folder without such runs is refused."""
    made_up_folder(tmp_path / "earlier", study=made_up_study(seeds=3))
    code, out, _ = ceteris("plan", study_file, "--like", tmp_path / "earlier")
    deviations = [arm.deviation for arm in analyze(read_results(tmp_path / "earlier")).summaries]
    points = f"{100 * statistics.median(deviations):.2f} percentage points"

    assert code == 0
    assert f"(median of 5 arms) vary by {points} from seed to seed" in " ".join(out.split())
    made_up_folder(tmp_path / "one", study=made_up_study(seeds=1))
    code, _, err = ceteris("plan", study_file, "--like", tmp_path / "one")
    assert code == 2
    assert err == (
        f"error: {tmp_path / 'one'}: no arm has two runs that learned, so that their spread over seeds is not known. "
        "Name another folder, or leave out --like.\n"
    )


def test_without_any_engine_the_plan_is_shown_all_the_same(ceteris, study_file, monkeypatch):
    """All but the time, and why there is none, and what to install."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "torch" else find_spec(name, *more)
    )
    monkeypatch.setattr("ceteris.execution.engines.chosen_instruction_set", lambda: None)

    code, out, err = ceteris("plan", study_file)

    assert (code, err) == (0, "")
    assert "9 runs: the baseline and 2 variations, 3 seeds each, " in out
    assert "Pool 4x4   layer 1 (max pool 8): max pool 8 -> 4" in out
    assert " ".join(out.split("percentage points.")[-1].split()) == (
        "Time: not estimated, because there is no engine on this machine: the lanes engine was not compiled, because "
        "no C++ compiler was found when ceteris was installed, and torch is not installed. Install GCC or Clang and "
        "ceteris again, or torch."
    )


@pytest.mark.usefixtures("engine")
def test_the_plan_tells_what_limits_the_cores(ceteris, study_file, monkeypatch):
    """A container's quota decides the number of threads, and is named beside the time."""
    limited = Cores(count=2, limit="a CPU quota of 1.5 of 8 cores")
    monkeypatch.setattr("ceteris.cli.needs.cores", lambda: limited)
    monkeypatch.setattr("ceteris.cli.plan.available_cores", lambda: limited.count)

    _, out, _ = ceteris("plan", study_file)

    assert "on 2 threads of this machine (a CPU quota of 1.5 of 8 cores), at" in " ".join(out.split())
