"""What is said for and against a pretrained network: in both directions, and not at all where nothing supports it."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

from ceteris.analysis.study_analysis import analyze
from ceteris.report.blocks import Subheading
from ceteris.report.sections import pretrained
from ceteris.report.sections.discussion import discussion
from ceteris.results.results import read_results
from tests.made_up import made_up_folder, made_up_study
from tests.states import FEWER, HEAD, SHALLOW, WEAK_HEAD, timed

SEVEN_MB = 7_000_000
FEATURES = {"feature extraction (seconds)": 20.0, "feature drift (relative)": 0.02}
BACKBONE = {"network": HEAD["network"], "training": {"learning_rate": 0.01, "batch_size": 32, "epochs": 5}}
SMALL = {
    "factor": "network",
    "name": "shallow",
    "network": {"layers": [{"max_pool": 8}, {"dense": "classes"}]},
}


def discussed(path, *variations, measured=None, became="finished", **changes):
    """Write a study of these variations, and discuss it."""
    study = made_up_study(**({"seeds": 8, "variation": variations} | changes))
    folder = made_up_folder(path, study=study, measured=measured or {}, became=became)
    return weighed(analyze(read_results(folder)))


def weighed(analysis):
    """Discuss an analysis."""
    *blocks, note = discussion(analysis)
    said = {one.text: other.sentences for one, other in pairwise(blocks) if isinstance(one, Subheading)}
    return SimpleNamespace(
        benefits=said.get("Advantages of the pretrained network", ()),
        drawbacks=said.get("Disadvantages of the pretrained network", ()),
        balance=said.get("Neither or both", ()),
        note=note.text,
    )


def about(sentences, *words):
    """Find the sentences that hold all of some words."""
    return [text for text in sentences if all(word in text for word in words)]


def test_a_better_pretrained_network_is_a_benefit(tmp_path):
    """Its gain in accuracy with interval and adjusted p-value speaks for it, and its size against it."""
    found = discussed(tmp_path / "r", HEAD)

    (gain,), (size,) = about(found.benefits, "accurate"), about(found.drawbacks, "needs more")
    assert gain == (
        "“head” is more accurate than the baseline: +20.75 pp (individual 95 % interval +20.02 to +21.48 pp; p < "
        "0.0001 after Holm's adjustment), 71.06 % against 50.31 %."
    )
    assert about(found.drawbacks, "accurate") == []
    assert size == (
        "“head” needs more than the baseline: 11,181,642 parameters (7,159 times as much), 333,564,416 multiply-adds "
        "an image (3,382 times as much), 45.5 MB of memory (1,380 times as much) and 5,130 trainable parameters (3.3 "
        "times as much)."
    )


def test_a_worse_pretrained_network_is_a_drawback(tmp_path):
    """The same sentence the other way round, and nothing for it but what is true."""
    found = discussed(tmp_path / "r", WEAK_HEAD)

    assert about(found.drawbacks, "accurate")[0].startswith(
        "“weak head” is less accurate than the baseline: \N{MINUS SIGN}14"
    )
    assert about(found.benefits, "accurate") == []


def test_nothing_is_claimed_of_an_undecided_difference(tmp_path):
    """Without a verdict there is no sentence about accuracy, either way."""
    undecided = HEAD | {"name": "noisy"}
    found = discussed(tmp_path / "r", undecided)

    assert about((*found.benefits, *found.drawbacks, *found.balance), "accurate") == []


def test_equivalence_is_said_on_balance(tmp_path):
    """A difference inside the margin is neither a benefit nor a drawback."""
    found = discussed(tmp_path / "r", HEAD | {"name": "tanh"})

    (sentence,) = about(found.balance, "equivalent in accuracy")
    assert sentence.startswith(
        "“tanh” and the baseline are equivalent in accuracy, shown to differ by less than \N{PLUS-MINUS SIGN}1.5 pp: "
    )
    assert about((*found.benefits, *found.drawbacks), "accurate") == []


def test_a_pretrained_baseline_is_weighed_from_its_own_side(tmp_path):
    """A small variation that is worse speaks for the pretrained baseline: the difference is turned round."""
    found = discussed(tmp_path / "r", SMALL, baseline=BACKBONE)

    (sentence,) = about(found.benefits, "accurate")
    assert sentence.startswith("The baseline is more accurate than “shallow”: +8")
    assert about(found.drawbacks, "needs more", "The baseline", "“shallow”")


def test_one_seed_supports_no_sentence_about_accuracy_or_time(tmp_path):
    """What is counted stays; what needs error bars is absent."""
    found = discussed(tmp_path / "r", HEAD, seeds=1)

    assert about((*found.benefits, *found.drawbacks, *found.balance), "accurate") == []
    assert about((*found.benefits, *found.drawbacks, *found.balance), "reached") == []
    assert about(found.drawbacks, "needs more")


def test_nothing_is_said_before_there_are_results(tmp_path):
    """An empty folder supports no sentence, and says that it does not; nor does one without a small network."""
    found = discussed(tmp_path / "empty", HEAD, became="missing")
    tuned = {"factor": "trained", "name": "all", "set": {"network.train": "all"}}
    alone = discussed(tmp_path / "alone", tuned, baseline=BACKBONE, became="missing")

    assert (found.benefits, found.drawbacks, found.balance) == ((), (), ())
    assert found.note == "Neither a benefit nor a drawback of the pretrained network was shown so far."
    assert (alone.benefits, alone.drawbacks, alone.balance) == ((), (), ())
    assert alone.note == (
        "No pretrained network of this study has one that is not to be compared with on as many images."
    )


def test_a_study_without_pretrained_networks_is_not_discussed(analyses):
    """There is nothing to weigh."""
    assert pretrained.section(analyses("complete")) is None


def test_sooner_and_later_are_told_in_epochs_and_images(tmp_path):
    """On the sign-flip test, adjusted; the images are those of the epochs."""
    sooner = discussed(tmp_path / "sooner", HEAD)
    later = discussed(tmp_path / "later", WEAK_HEAD)

    (sentence,) = about(sooner.benefits, "fewer epochs")
    assert sentence.startswith("“head” reached and held 4")
    assert "fewer images) than the baseline (" in sentence
    assert "sign-flip test, p = 0.0078 after Holm's adjustment" in sentence
    assert about(later.drawbacks, "more epochs")[0].startswith("“weak head” reached and held 4")
    assert "8 runs never got there" in about(later.drawbacks, "more epochs")[0]


def test_seconds_are_given_as_measured(tmp_path):
    """Seconds of packed batches support no claim: both times are told, with what features took besides."""
    found = discussed(tmp_path / "r", HEAD, measured={"head": FEATURES})

    (sentence,) = about(found.balance, "training time")
    assert sentence == (
        "Mean training time to 44.79 % validation accuracy, a run's share of its packed batch: 0.4 s with “head”, "
        "without the 20.0 s for its features, spent once for all runs; 0.6 s with the baseline. Seconds were measured "
        "once per packed batch, and are not tested."
    )
    assert about((*found.benefits, *found.drawbacks), "training time") == []
    assert about((*found.benefits, *found.drawbacks, *found.balance), "sooner") == []
    assert about(found.drawbacks, "features of its images had to be computed: 20.0 s, once for all its runs")


def test_seconds_of_two_kinds_of_machines_are_not_compared(tmp_path):
    """Nothing is said of seconds of training, and features are told without them."""
    study = made_up_study(seeds=8, variation=(HEAD,))
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study, measured={"head": FEATURES})))
    apart = replace(analysis.environment, hosts={"one": 8, "another": 8})
    elsewhere = replace(analysis.environment, facts={"device cuda, threads 1": 8, "instruction set AVX-512": 8})

    for circumstances in (apart, elsewhere):
        found = weighed(replace(analysis, environment=circumstances))
        assert about((*found.benefits, *found.drawbacks, *found.balance), "training time") == []
        assert about(found.drawbacks, "features of its images")[0].endswith("20.0 s, once for all its runs.")


def test_predictions_are_compared_where_their_middle_halves_lie_apart(tmp_path):
    """Slower is a drawback, faster a benefit; overlapping quartiles, or one time missing, support neither."""

    def told(name, mine, theirs):
        found = discussed(tmp_path / name, HEAD, seeds=2, measured={"head": mine, "baseline": theirs})
        return [about(sentences, "to predict") for sentences in (found.benefits, found.drawbacks)]

    nothing, (slower,) = told("slower", timed(9.5, SEVEN_MB), timed(0.125))
    assert nothing == []
    assert slower == (
        "“head” is slower to predict than the baseline: 9.5 ms an image against 0.12 ms, medians of 100 and 100 images "
        "on one core, one at a time."
    )
    assert told("faster", timed(0.1, SEVEN_MB), timed(0.5))[0]
    assert told("alike", timed(1.0, SEVEN_MB), timed(1.1)) == [[], []]
    assert told("unknown", timed(9.5, SEVEN_MB), {}) == [[], []]


def test_files_count_the_pretrained_one(tmp_path):
    """What must be kept to predict, against what the small network needs."""
    found = discussed(tmp_path / "r", HEAD, seeds=2, measured={"head": timed(9, SEVEN_MB), "baseline": timed(0.1)})

    (files,) = about(found.drawbacks, "files")
    assert files == (
        "The files of “head”, with the pretrained weights, take more room than those of the baseline: 7.0 MB "
        "against 7 kB."
    )


def test_fewer_images_are_compared_with_as_many_and_with_all(tmp_path):
    """A head on a tenth against the small network on a tenth, and against the baseline on all images."""
    found = discussed(tmp_path / "r", HEAD, *FEWER)

    assert about(found.benefits, "“head, a tenth” on 4 images is more accurate than “small, a tenth” on 4 images")
    assert about(found.benefits, "“head, a tenth” on 4 images is more accurate than the baseline on 40 images")


def test_less_accurate_with_fewer_images_is_no_drawback(tmp_path):
    """It is said on balance, as the fewer images may be why."""
    weak = WEAK_HEAD | {"set": {"data.fraction": 0.1}}
    found = discussed(tmp_path / "r", SHALLOW, weak)

    assert about(found.balance, "“weak head” on 4 images is less accurate than the baseline on 40 images")
    assert about(found.drawbacks, "accurate") == []
