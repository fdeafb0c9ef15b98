import json

import pytest
from pydantic import ValidationError

from ceteris.datasets.choice import DataChoice
from ceteris.errors import StudyError
from ceteris.networks.convolution import Convolution
from ceteris.networks.dense import Dense
from ceteris.networks.network import Network
from ceteris.study.analysis import AnalysisSettings
from ceteris.study.reader import read_study
from ceteris.study.run import Arm
from ceteris.study.specification import Baseline
from ceteris.study.study import Study
from ceteris.study.variation import Variation
from ceteris.training.training import Training
from tests.made_results import made_study

KERNEL = Variation(factor="kernel", name="5x5", set={"network.layers.0.kernel": 5})
RATE = Variation(factor="rate", name="slow", set={"training.learning_rate": 0.001})


@pytest.fixture
def study(baseline):
    """Give a study of three arms and three seeds."""
    return Study(title="Small", seeds=3, data=DataChoice(name="shapes"), baseline=baseline, variations=(KERNEL, RATE))


def test_python_builds_what_a_file_holds(study_text, tmp_path, baseline):
    """A study written in Python equals the one read from its file."""
    path = tmp_path / "study.toml"
    path.write_text(study_text)

    built = Study(title="Small", seeds=2, data=DataChoice(name="shapes"), baseline=baseline, variations=[KERNEL])
    assert built == read_study(path)


def test_what_is_not_said_has_a_default(baseline):
    """Title, seeds and baseline make a study."""
    study = Study(title="t", seeds=1, baseline=baseline)

    assert (study.question, study.variations) == ("", ())
    assert (study.data, study.analysis) == (DataChoice(), AnalysisSettings(margin=0.5, target=0.9))


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [(3, (0, 1, 2)), ([5, 2], (5, 2)), ((7,), (7,)), (range(2, 4), (2, 3))],
)
def test_seeds_are_a_count_or_a_list(baseline, seeds, expected):
    """A count means that many seeds from 0; a list is taken as it is, in its order."""
    assert Study(title="t", seeds=seeds, baseline=baseline).seeds == expected


def test_arms_are_the_baseline_and_its_variations(study, specification):
    """The baseline comes first, then each variation with its own specification."""
    first, kernel, rate = study.arms()

    assert first == Arm(factor="baseline", name="baseline", specification=specification)
    assert (kernel.factor, kernel.name) == ("kernel", "5x5")
    assert kernel.specification.network.layers[0].kernel == 5
    assert rate.specification.training.learning_rate == 0.001


@pytest.mark.parametrize(("variations", "factor"), [(0, 1), (2, 1), (3, 2), (6, 2), (7, 3), (15, 4)])
def test_the_baseline_has_the_root_of_the_variations_times_their_seeds(baseline, variations, factor):
    """Rounded; every seed of a variation is one of the baseline too, since pairs may share something."""
    several = [
        {"factor": "rate", "name": f"rate {number}", "set": {"training.learning_rate": 0.01 + number / 1000}}
        for number in range(1, variations + 1)
    ]
    study = Study(title="t", seeds=[5, 1, 9], baseline=baseline, variations=several)
    own = study.seeds_of("baseline")
    assert (own[:3], len(own), len({*own})) == ((5, 1, 9), 3 * factor, 3 * factor)
    assert len(study.runs("0" * 64)) == 3 * factor + 3 * variations


def test_declared_seeds_of_the_baseline_are_taken(study):
    """A count or a list; those written out are the same study."""
    declared = Study(**{**dict(study), "baseline_seeds": 5})
    assert declared.seeds_of("baseline") == (0, 1, 2, 3, 4)
    assert declared.seeds_of("kernel 1") == (0, 1, 2)
    assert study.with_baseline_seeds().baseline_seeds == study.seeds_of("baseline")


@pytest.mark.parametrize(
    ("seeds", "own", "message"),
    [
        (
            3,
            [0, 1],
            (
                "baseline_seeds lacks seed 2 of seeds; give the baseline every seed that variations have, for "
                "example baseline_seeds = 9."
            ),
        ),
        (
            2,
            [0, 1, 1],
            "baseline_seeds names 1 twice; give distinct seeds, or a count, for example baseline_seeds = 2.",
        ),
        (
            {"first": 8, "step": 8, "most": 32},
            48,
            (
                "baseline_seeds is for a fixed number of seeds, and seeds adds some "
                "where the verdict is open; give a count, for example seeds = 32, or remove baseline_seeds."
            ),
        ),
    ],
)
def test_seeds_of_the_baseline_that_do_not_go_with_the_others_are_refused(baseline, seeds, own, message):
    """What is wrong, and what to write."""
    with pytest.raises(StudyError) as error:
        Study(title="t", seeds=seeds, baseline_seeds=own, baseline=baseline)
    assert str(error.value).endswith(message)


def test_runs_are_arms_times_seeds(study):
    """Each arm is trained once per seed, and each run has a digest of its own."""
    runs = study.runs("d" * 64)

    assert [(run.factor, run.variation, run.seed) for run in runs] == [
        (factor, name, seed)
        for factor, name in [("baseline", "baseline"), ("kernel", "5x5"), ("rate", "slow")]
        for seed in (0, 1, 2)
    ]
    assert {run.data_digest for run in runs} == {"d" * 64}
    assert len({run.digest for run in runs}) == 9


def test_a_study_survives_json(study):
    """What is stored beside the results can be read again."""
    assert Study.model_validate_json(study.model_dump_json()) == study
    assert Study.model_validate(json.loads(study.model_dump_json())) == study


def test_a_study_cannot_be_changed(study):
    """Values are frozen."""
    with pytest.raises(ValidationError, match="frozen"):
        study.title = "Other"


def test_mistakes_in_python_are_told_as_those_of_a_file():
    """The same sentences, all at once, without lines."""
    with pytest.raises(StudyError) as error:
        Study(
            titel="x",
            seeds=[0, 0],
            data=DataChoice(name="shapes"),
            baseline=Baseline(network=Network(layers=[Convolution(conv=2), Dense(dense=3)]), training=Training()),
            variations=[{"factor": "kernel", "name": "k", "set": {"network.layers.0.kernel": 33}}, {"name": "v"}],
        )

    assert error.value.mistakes == (
        "variation 'v' has no 'factor'; add factor = \"...\".",
        "unknown key 'titel'; did you mean 'title'?",
        "seeds names 0 twice; give distinct seeds, or a count, for example seeds = 1.",
        'baseline: the last layer has 3 neurons for 10 classes; say dense = "classes".',
        (
            "variation 'k': layer 1 (conv 2, kernel 33) sees an image of 32 x 32 pixels, smaller than its kernel; "
            'give kernel = 32 or less, or padding = "same".'
        ),
    )


def test_nothing_is_concluded_from_a_baseline_that_was_misread(study_text, tmp_path):
    """With the learning rate misspelt, its default is not held against a variation that sets just that value."""
    path = tmp_path / "study.toml"
    text = study_text.replace("learning_rate", "learning_rat")
    path.write_text(text.replace('"network.layers.0.kernel" = 5', '"training.learning_rate" = 0.001'))

    with pytest.raises(StudyError) as error:
        read_study(path)
    assert error.value.mistakes == (
        f"{path}:17: baseline.training: unknown key 'learning_rat'; did you mean 'learning_rate'?",
    )


def test_a_copy_with_other_fields_has_arms_of_its_own():
    """What was computed of a study before is not taken over by a copy that differs."""
    study = made_study()
    assert [arm.name for arm in study.arms()] == ["baseline", "5x5", "slow"]
    fewer = study.model_copy(update={"variations": study.variations[:1]})
    assert [arm.name for arm in fewer.arms()] == ["baseline", "5x5"]
