import importlib.util
import statistics

import pytest

from ceteris.analysis.study_analysis import analyze
from ceteris.cli.estimate import Estimate
from ceteris.cli.plan import override, patience, planned_looks, size, time_needed
from ceteris.datasets.choice import presumed_images
from ceteris.engines.engine import Position
from ceteris.engines.transfer.engine import FineTuningEngine, TransferEngine
from ceteris.errors import StudyError
from ceteris.execution.packing import PackedBatch
from ceteris.resources import Cores
from ceteris.results.results import read_results
from ceteris.statistics.power import detectable_difference
from ceteris.study.study import Study
from ceteris.study.variation import Variation
from ceteris.testing.miniature import miniature_study
from tests.made_up import made_up_folder, made_up_study
from tests.miniature import MINIATURE_IMAGES

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
def test_a_study_of_which_nothing_can_be_trained_has_a_plan_all_the_same(ceteris, study_file, monkeypatch):
    """Each arm is shown with the reason why it is skipped."""
    monkeypatch.delenv("CETERIS_WEIGHTS", raising=False)
    start = study_file.read_text().partition("[baseline.network]")[0]
    study_file.write_text(f'{start}[baseline.training]\nepochs = 1\n[baseline.network]\nbackbone = "resnet18"\n')
    code, out, err = ceteris("plan", study_file)

    assert (code, err) == (0, "")
    assert "SKIPPED: 'baseline': " in out
    assert out.endswith("Time: not estimated, because nothing of this study can be trained now.\n")


@pytest.mark.parametrize(
    ("known", "end"),
    [
        ({}, "Measured on random images."),
        ({"known_since": "2026-11-28", "is_known": True}, "Measured on random images on 2026-11-28."),
        ({"known_since": "2026-11-28"}, "Measured on random images, in part on 2026-11-28."),
    ],
)
def test_an_estimate_says_when_it_was_measured(known, end):
    """Where speeds were kept from another day, the day is named."""
    assert time_needed(Estimate(seconds=60.0, speed=1000.0, **known), 2).endswith(end)


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


def test_time_is_said_roughly():
    """Two figures, and what they rest on."""
    assert time_needed(Estimate(seconds=540.0, speed=41_234.5), 1) == (
        "Time: about 9 min on 1 thread of this machine, at 41,234 images x models per second. "
        "Measured on random images."
    )
    assert time_needed(Estimate(seconds=540.0, speed=41_234.5, is_disturbed=True), 1).endswith(
        " Measured on random images. Other programs used the processor meanwhile: without them it takes less."
    )


def test_features_have_a_time_of_their_own():
    """What is computed once, before anything is trained, is said apart; nothing is said where there is none."""
    stopping = time_needed(Estimate(seconds=540.0, speed=41_234.5, may_stop=True), 1)
    assert stopping.startswith("Time: at most 9 min on 1 thread of ")
    text = time_needed(Estimate(seconds=540.0, speed=41_234.5, preparation=120.0), 2)

    assert text.endswith(" Before that about 2 min for features of pretrained networks, unless kept.")


def test_fine_tuning_on_a_processor_is_warned_of(study):
    """How long it takes of one core, which variations they are, and what would be faster; a GPU needs no warning."""
    runs = [run for run in study.runs("d" * 64) if run.seed == 0]
    engines = (TransferEngine(weights=(), cache=None), FineTuningEngine(weights=()), FineTuningEngine(weights=()))
    batches = [
        PackedBatch(engine=engine, runs=(run,), position=Position(), work=1.0)
        for engine, run in zip(engines, runs, strict=True)
    ]
    estimate = Estimate(seconds=4000.0, speed=1.0, work={"fine-tuning": 7200.0, "transfer": 5.0})

    assert patience(batches, estimate, "cpu") == (
        "of that, fine-tuning takes about 2.0 h of one core: '0.5' and 'Pool 4x4'. It works on a processor, and a GPU "
        "(--device cuda) is many times faster; fewer seeds, epochs or blocks help too."
    )
    assert patience(batches, estimate, "cuda") == ""
    assert patience(batches[:1], estimate, "cpu") == ""


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
    monkeypatch.setattr("ceteris.cli.plan.cores", lambda: limited)
    monkeypatch.setattr("ceteris.cli.plan.available_cores", lambda: limited.count)

    _, out, _ = ceteris("plan", study_file)

    assert "on 2 threads of this machine (a CPU quota of 1.5 of 8 cores), at" in " ".join(out.split())


def test_nothing_asked_changes_nothing(study):
    """The study of the file is run as it is, also if its own numbers are repeated."""
    for changed, notes in (override(study), override(study, seeds=3, epochs=3)):
        assert changed is study
        assert notes == ()


def test_other_seeds_and_epochs_make_a_changed_study(study):
    """What is changed is said."""
    changed, notes = override(study, seeds=2, epochs=1)

    assert changed.seeds == (0, 1)
    assert {arm.specification.training.epochs for arm in changed.arms()} == {1}
    assert notes == (
        "This is a changed study: --seeds 2, where its file says 3 seeds.",
        "This is a changed study: --epochs 1, where its file says 3 epochs.",
    )


def test_more_seeds_keep_those_of_the_file(study):
    """Finished runs stay of use: new seeds come after those that are there."""
    named = Study(**{**dict(study), "seeds": [5, 1]})

    assert override(named, seeds=4)[0].seeds == (5, 1, 0, 2)
    assert override(named, seeds=1)[1] == ("This is a changed study: --seeds 1, where its file says 2 seeds.",)


def test_a_variation_keeps_the_epochs_it_sets(study):
    """Only what follows the baseline follows the option."""
    longer = Variation(factor="epochs", name="longer", set={"training.epochs": 9})
    changed, _ = override(Study(**{**dict(study), "variations": [longer]}), epochs=2)

    assert [arm.specification.training.epochs for arm in changed.arms()] == [2, 9]


def test_a_change_may_make_a_study_impossible(study):
    """A variation that the option makes equal to the baseline is refused, and it is said why."""
    longer = Variation(factor="epochs", name="longer", set={"training.epochs": 9})

    with pytest.raises(StudyError) as error:
        override(Study(**{**dict(study), "variations": [longer]}), epochs=9)
    assert error.value.mistakes == (
        (
            "with --epochs 9: variation 'longer': \"training.epochs\" = 9 is what the baseline has; "
            "remove it, or give another value."
        ),
    )


PLANNED_LOOKS = (
    "Looks at 8, 16 and 20 seeds: variations with an open verdict get more seeds, and the baseline with them. The "
    "tests hold their error rate over all looks together. The time below is that of the first look; all arms to the "
    "last one take 2.5 times as long."
)
ENDLESS_LOOKS = (
    "Looks at 8 seeds and after every 8 more, until the program is stopped: variations with an open verdict get more "
    "seeds. The tests hold their error rate at any look, and find fewer differences than those of a declared maximum."
)


@pytest.mark.parametrize(
    ("seeds", "runs", "looks"),
    [
        (
            {"first": 8, "step": 8, "most": 20},
            "24 to 60 runs: the baseline and 2 variations, 8 to 20 seeds each, on ",
            PLANNED_LOOKS,
        ),
        (
            {"first": 8, "step": 8, "until": "stopped"},
            "At least 24 runs: the baseline and 2 variations, 8 or more seeds each, on ",
            ENDLESS_LOOKS,
        ),
        (3, "9 runs: the baseline and 2 variations, 3 seeds each, on ", None),
    ],
)
def test_a_study_that_adds_seeds_has_a_range_of_runs(seeds, runs, looks):
    """How many runs there are depends on what the looks decide; when they take place is said."""
    study = miniature_study(seeds=seeds)

    assert size(study, MINIATURE_IMAGES, ()).startswith(runs)
    assert planned_looks(study.seeds) == looks


def test_a_number_of_seeds_replaces_a_plan():
    """So many seeds are run, without looks, also where the plan would add up to as many."""
    study, notes = override(miniature_study(seeds={"first": 8, "step": 8, "most": 20}), seeds=20)

    assert study.seeds == tuple(range(20))
    assert notes == ("This is a changed study: --seeds 20, where its file says 8 to 20 seeds.",)
