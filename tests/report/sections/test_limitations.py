from dataclasses import replace

import pytest

from ceteris.analysis.study_analysis import analyze
from ceteris.datasets.dataset import Origin
from ceteris.networks.shape import Shape
from ceteris.report.sections.environment import environment_table
from ceteris.report.sections.limitations import limitations
from ceteris.report.sections.training_time import training_time_table
from ceteris.report.sections.warnings import warnings
from ceteris.results.results import read_results
from ceteris.statistics.verdict import Decision
from ceteris.study.changes import CodeChange, SettingChange
from tests.made_up import made_up_dataset, made_up_folder, made_up_study
from tests.states import SHALLOW


def said(analysis, words):
    """Find the limitations that hold some words."""
    return [sentence for sentence in limitations(analysis) if words in sentence]


def account_of(path, *variations, **changes):
    """Write a small study with these variations, and give its analysis."""
    study = made_up_study(**({"seeds": 3, "variation": variations} | changes))
    return analyze(read_results(made_up_folder(path, study=study)))


def test_time_for_features_is_told_apart_from_training(tmp_path):
    """What a frozen backbone took before its heads were trained, and half precision cost, is said in words."""
    measured = {"deeper": {"feature extraction (seconds)": 95.0, "feature drift (relative)": 0.04}}
    study = made_up_study(seeds=2)
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study, measured=measured)))

    assert (
        "Seconds of “deeper” are those of its head alone: the features of its images took 1.6 min more, once for all "
        "its runs, and its backbone was trained before this study began."
    ) in warnings(analysis)
    assert said(analysis, "half precision") == [
        (
            "Features of “deeper” were computed in half precision: on a sample they differed from those in single "
            "precision by 4.0 % of their size."
        )
    ]
    assert ("features of deeper, computed once", "1.6 min") in {
        (row[0].text, row[1].text) for row in environment_table(analysis).rows
    }


def test_arms_that_share_their_features_are_told_once(tmp_path):
    """Features were computed once for all of them: three sentences would say that it took three times as long."""
    features = {"feature extraction (seconds)": 95.0, "feature drift (relative)": 0.04}
    folder = made_up_folder(
        tmp_path / "r", study=made_up_study(seeds=2), measured=dict.fromkeys(("deeper", "tanh"), features)
    )
    analysis = analyze(read_results(folder))

    assert [one for one in warnings(analysis) if "features" in one] == [
        (
            "Seconds of “deeper” and “tanh” are those of their heads alone: the features of their images took 1.6 min "
            "more, once for all their runs, and their backbone was trained before this study began."
        )
    ]
    assert said(analysis, "half precision")[0].startswith("Features of “deeper” and “tanh” were computed")
    assert "features of deeper and tanh, computed once" in {row[0].text for row in environment_table(analysis).rows}
    assert training_time_table(analysis).notes[-1] == (
        "The times of “deeper” and “tanh” are without the 95.0 seconds in which their features were computed, once for "
        "all their runs."
    )


LOOKED_FOR = {
    32: (
        ", or look nearly the same, are named in the warnings, if there are any; copies that were cropped, turned or "
        "drawn over were not looked for."
    ),
    16: (
        " are named in the warnings, if there are any; in images of less than 32 pixels changed copies were not looked "
        "for."
    ),
}


@pytest.mark.parametrize(("side", "reach"), LOOKED_FOR.items())
def test_a_folder_of_images_was_compared_so_far(tmp_path, side, reach):
    """A note of copies is repeated at the top; here is what was looked for, which depends on the size of the images."""
    note = "1 of 3 test images look nearly the same."
    dataset = made_up_dataset(origin=Origin.OWN, notes=(note,))
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=made_up_study(seeds=2), dataset=dataset)))
    manifest = analysis.results.manifest
    images = replace(manifest.images, shape=Shape(side, side, 3))
    analysis = replace(analysis, results=replace(analysis.results, manifest=replace(manifest, images=images)))

    assert note in warnings(analysis)
    begin = "Test images that repeat training images make accuracies too high: those that are the same byte for byte"
    assert said(analysis, "byte for byte") == [begin + reach]


def test_a_better_learning_rate_is_a_warning(tmp_path):
    """Where another rate than the shared one is better, what the others do at that rate is not known."""
    rate = {"factor": "learning rate", "name": "deeper", "set": {"training.learning_rate": 0.1}}
    analysis = account_of(tmp_path / "r", rate, SHALLOW)

    assert said(analysis, "not the best of those tried") == [
        (
            "The baseline's learning rate is not the best of those tried, “deeper” (learning rate, +5.67 pp) is "
            "better: what the other variations do at 0.01 they need not do there."
        )
    ]


def test_changing_two_things_is_a_warning(tmp_path):
    """A difference after two changes belongs to neither of them alone."""
    two = {"factor": "both", "name": "both", "set": {"network.layers.0.conv": 2, "training.batch_size": 8}}

    assert said(account_of(tmp_path / "r", two), "more than one thing") == [
        "1 variation changes more than one thing, so that a difference cannot be put down to one of them: “both”."
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"replace": {"layer": 1, "by": {"average_pool": 2}}},
        {"replace": [{"layer": 1, "by": {"average_pool": 2}}, {"layer": 3, "by": {"average_pool": 2}}]},
    ],
)
def test_a_layer_in_place_of_another_is_one_thing(tmp_path, change):
    """One goes and one comes, as often as the network has it, and the question is the same."""
    pools = {"layers": [{"conv": 2}, {"max_pool": 2}, {"conv": 2}, {"max_pool": 2}, {"dense": "classes"}]}
    baseline = {"network": pools, "training": {"epochs": 5, "learning_rate": 0.01}}
    variation = {"factor": "pool", "name": "average"} | change

    assert said(account_of(tmp_path / "r", variation, baseline=baseline), "more than one thing") == []


def test_other_code_in_another_file_is_one_thing(analyses):
    """The name of the file says nothing more; another argument does."""
    analysis = analyses("one variation")
    code = CodeChange(path="a.py -> b.py", diff=("-x = 1", "+x = 2"))
    named = SettingChange(path="network.module", before="a.py:A", after="b.py:A")
    wider = SettingChange(path="network.arguments.width", before=4, after=8)
    name = analysis.arms[1].name

    assert said(replace(analysis, changed={name: (named, code)}), "more than one thing") == []
    assert said(replace(analysis, changed={name: (named, wider, code)}), "more than one thing")
    assert said(replace(analysis, changed={name: (wider, code)}), "more than one thing")


def test_a_network_of_unknown_size_is_in_no_range(analyses):
    """A training function does not say how many parameters it has: 0 stands in its records."""
    analysis = analyses("complete")
    findings = tuple(
        replace(one, record=replace(one.record, parameters=0)) if one.run.variation == "deeper" else one
        for one in analysis.results.findings
    )
    found = replace(analysis, results=replace(analysis.results, findings=findings))

    assert said(found, "differ in size") == [
        (
            "Networks differ in size, from 786 to 1,562 trainable parameters: where size changed too (“shallow”), a "
            "difference may come from it."
        )
    ]


def test_size_is_told_where_it_changes(analyses):
    """Networks of other size than the baseline are named; where all have one size nothing is said."""
    assert said(analyses("complete"), "differ in size") == [
        (
            "Networks differ in size, from 786 to 1,562 trainable parameters: where size changed too (“deeper” and "
            "“shallow”), a difference may come from it."
        )
    ]
    assert said(analyses("one variation"), "differ in size") == []


def test_what_a_seed_decides_depends_on_the_study(tmp_path):
    """Dropout and augmentation are named only where the study has them."""
    plain = {"network": {"layers": [{"dense": "classes"}]}, "training": {"epochs": 5, "learning_rate": 0.01}}
    flipped = {"factor": "mirror", "name": "mirrored", "set": {"training.flip": True}}

    assert said(account_of(tmp_path / "a", baseline=plain), "A seed decides")[0].startswith(
        "A seed decides the initial weights and the order of the images; the split"
    )
    assert said(account_of(tmp_path / "b", flipped, baseline=plain), "A seed decides")[0].startswith(
        "A seed decides the initial weights, the order of the images and how images are mirrored and shifted; the split"
    )


def test_runs_still_rising_are_named_and_lost_ones_are_not(analyses):
    """Only runs that finished tell whether more epochs would have helped."""
    assert said(analyses("baseline diverged"), "Runs were trained for") == [
        (
            "Runs were trained for 5 epochs, and in “deeper” and “shallow” most finished runs were at their best "
            "validation accuracy in the last one: with more epochs they may come out better."
        )
    ]
    assert said(analyses("all diverged"), "Runs were trained for") == []
    assert said(analyses("empty"), "Runs were trained for") == []


def test_intervals_are_spoken_of_where_there_are_some(analyses):
    """One seed has none to explain."""
    assert said(analyses("complete"), "Intervals over seeds speak of these 400 test images")
    for state in ("one seed", "empty", "all diverged", "no variations"):
        assert said(analyses(state), "Intervals over seeds speak") == []


def test_what_no_record_can_prove_is_said(analyses):
    """Error rates rest on a margin and a number of seeds that were chosen before the results were seen."""
    margin = "what was seen elsewhere is not recorded."
    seeds = "The error rates hold for a number of seeds that was fixed beforehand: adding seeds until a difference "

    assert said(analyses("complete"), margin)
    assert said(analyses("complete"), seeds)
    assert said(analyses("official"), margin)
    assert said(analyses("official"), seeds) == []
    assert analyses("looks").with_verdict(Decision.UNDECIDED)
    assert said(analyses("looks"), seeds) == []  # it adds seeds by a plan whose tests allow for it
    for state in ("one seed", "all diverged", "empty", "no variations"):
        assert said(analyses(state), "declared before") == said(analyses(state), "adds seeds") == []


def test_a_mixture_of_machines_is_told(analyses):
    """Seconds of different machines cannot be compared, and other versions may round differently."""
    analysis = analyses("one seed")
    mixed = replace(analysis.environment, hosts={"a": 2, "b": 1}, versions={"1": 2, "2": 1})

    assert said(analysis, "kinds of machines") == []
    assert said(replace(analysis, environment=mixed), "kinds of machines") == [
        "Runs were trained on 2 kinds of machines: their seconds cannot be compared."
    ]
    assert said(replace(analysis, environment=mixed), "sets of versions") == [
        "Runs were trained with 2 sets of versions."
    ]


def test_half_precision_is_told_where_it_moves_an_answer(analyses):
    """Where accuracies counted from stored predictions differ from the records', by how much."""
    analysis = analyses("one seed")
    (run,) = analysis.scores.baseline.runs
    moved = replace(run, test_accuracy=run.test_accuracy + 0.0025)
    scores = replace(analysis.scores, baseline=replace(analysis.scores.baseline, runs=(moved,)))

    assert said(analysis, "half precision") == []
    assert said(replace(analysis, scores=scores), "half precision") == [
        (
            "Predictions of single images come from probabilities stored in half precision, where two classes may tie: "
            "accuracies counted from them differ by up to 0.25 pp from the exact ones, which are shown."
        )
    ]


def test_images_that_are_not_all_used_are_counted(analyses):
    """One batch, several, or a share of them."""
    assert said(analyses("few images"), "images: what holds") == [
        (
            "Only the first of 5 training batches was used, so that networks were trained on 4 to 40 images: what "
            "holds for few images need not hold for all of them."
        )
    ]
    assert said(analyses("official"), "images: what holds") == []
