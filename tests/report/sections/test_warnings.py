import re
from dataclasses import replace

import numpy as np
import pytest

from ceteris.analysis.scores import chance_level
from ceteris.analysis.study_analysis import analyze
from ceteris.checksummed import seal, unseal
from ceteris.report.report import write_report
from ceteris.report.sections import looks
from ceteris.report.sections.answer import answer
from ceteris.report.sections.limitations import limitations
from ceteris.report.sections.methods import methods
from ceteris.report.sections.warnings import chance_notes, skipped_variations, warnings
from ceteris.results.folder import STUDY, ResultsFolder
from ceteris.results.results import Results, read_results
from ceteris.study.study import Study
from tests.made_up import VARIATIONS, made_up_dataset, made_up_folder, made_up_study
from tests.report.reading import sentences_of
from tests.states import CROSSES, WHY


def test_what_was_skipped_is_told_apart_with_what_to_do(analyses):
    """Under a heading of its own, once, with the reason and the remedy; not among the other warnings."""
    analysis = analyses("transfer")

    assert skipped_variations(analysis) == (f"All 6 runs of “left out” were skipped: {WHY}.",)
    assert not any("skipped" in sentence for sentence in warnings(analysis))


def test_a_page_and_a_text_have_the_heading(reports):
    """Both name what was skipped below what must be known first; where nothing was, there is no such heading."""
    report = reports("all pretrained skipped")

    assert '<h3 id="skipped">Skipped variations</h3>' in report.page.read_text(encoding="utf-8")
    assert "### Skipped variations" in report.text.read_text(encoding="utf-8")
    assert "Skipped variations" not in reports("complete").page.read_text(encoding="utf-8")
    assert "Skipped variations" not in reports("complete").text.read_text(encoding="utf-8")


def test_images_that_are_not_official_are_still_told(reports):
    """A note about a skipped variation does not stand for the note about the images."""
    assert sentences_of(reports("transfer").sections, "reservations")[0] == "These images were drawn by the program."


TIME = re.compile(r"\d{4}-\d\d-\d\d at \d\d:\d\d UTC")
FORESIGHT = (
    "The margin of ±1.5 pp was declared on WHEN, before this folder held any result; what was seen elsewhere is not "
    "recorded."
)
UNKNOWN = "The margin of ±1.5 pp should have been declared before any result; the records cannot show that it was."


@pytest.fixture
def folder(copied):
    """Give a folder of forty results, whose study declared a margin of 1.5 pp beforehand."""
    return copied("complete")


def declare(folder, **changes):
    """Declare something else about the study of a folder, as `ceteris run` does before it trains."""
    manifest = read_results(folder).manifest
    study = manifest.study.model_dump(by_alias=True, exclude_defaults=True) | changes
    ResultsFolder(folder).prepare(replace(manifest, study=Study(**study), declarations=()), made_up_dataset().test)


def forget(folder):
    """Make of a folder one that was written when no record was kept."""
    facts = unseal((folder / STUDY).read_bytes())
    del facts["declarations"], facts["seal"]
    (folder / STUDY).write_bytes(seal(facts))


def said(folder, word):
    """Give what warnings and what limitations say of something, with WHEN for times."""
    analysis = analyze(read_results(folder))
    return tuple(
        [TIME.sub("WHEN", sentence) for sentence in found(analysis) if word in sentence]
        for found in (warnings, limitations)
    )


def test_a_margin_declared_beforehand_is_said_to_be(folder):
    """Nothing to be reserved about, and what the record cannot show is said."""
    assert said(folder, "margin") == ([], [FORESIGHT])


def test_a_margin_changed_after_the_results_is_told_above_all_numbers(folder):
    """What it was, what it is, when that was and what was known then; and which verdicts hang on it."""
    declare(folder, analysis={"margin": 0.01})

    assert said(folder, "margin") == (
        [
            (
                "400 test images are too few for a margin of 0.01 pp: one image is worth 0.25 pp of accuracy. Use at "
                "least 10,000 test images, or declare a larger margin."
            ),
            (
                "The margin was 1.5 pp when the first results were computed and is 0.01 pp now: set to 0.01 pp on WHEN "
                "(40 results there). By the first margin this verdict is another: “tanh” (equivalent)."
            ),
        ],
        [],
    )


def test_a_margin_that_came_back_is_told_all_the_same(folder):
    """A record is never taken back; where all verdicts are as they were, that is said too."""
    declare(folder, analysis={"margin": 3.0})
    declare(folder, analysis={"margin": 1.5})

    assert said(folder, "margin")[0] == [
        (
            "The margin was 1.5 pp when the first results were computed and is 1.5 pp now: set to 3 pp on WHEN (40 "
            "results there) and to 1.5 pp on WHEN (40 results there). By the first margin all verdicts are the same."
        )
    ]


def test_a_target_changed_after_the_results_is_told(folder):
    """The share of the baseline's accuracy that counts as converged."""
    declare(folder, analysis={"margin": 1.5, "target": 0.5})

    assert said(folder, "target of convergence")[0] == [
        (
            "The target of convergence was 90 % when the first results were computed and is 50 % now: set to 50 % on "
            "WHEN (40 results there)."
        )
    ]


def test_a_scope_changed_after_the_results_is_told(folder):
    """Whether verdicts speak of the test images or of the population decides how much they show."""
    declare(folder, analysis={"margin": 1.5, "scope": "population"})

    assert said(folder, "scope of verdicts")[0] == [
        (
            "The scope of verdicts was test images when the first results were computed and is population now: set to "
            "population on WHEN (40 results there)."
        )
    ]


def test_seeds_of_the_baseline_that_were_added_are_told(folder):
    """Also where those of the variations are as they were, and where their number is."""
    declare(folder, baseline_seeds=16)
    assert said(folder, "look in between")[1] == [
        (
            "The seeds of the baseline are others than when the first results were computed: p-values do not allow for "
            "a look in between."
        )
    ]
    declare(folder, baseline_seeds=8, seeds=[1, 2, 3, 4, 5, 6, 7, 0])
    assert said(folder, "look in between")[1] == [
        "The seeds are others than when the first results were computed: p-values do not allow for a look in between."
    ]


def test_a_variation_that_was_changed_under_its_name_is_told(folder):
    """Its name is as before, and what it changes is not."""
    variations = [
        one | {"set": {"network.layers.0.activation": "none"}} if one["name"] == "tanh" else one for one in VARIATIONS
    ]
    declare(folder, variation=variations)
    assert said(folder, "led to the change")[1] == [
        (
            "“tanh” is not what it was when the first results were computed: results may have led to the change, for "
            "which p-values do not allow."
        )
    ]


def test_what_was_changed_before_any_result_is_nobody_s_business(copied):
    """A study is often written in several goes."""
    empty = copied("empty")
    declare(empty, analysis={"margin": 2.0})

    assert said(empty, "margin was") == ([], [])


def test_without_a_record_nothing_is_claimed(folder):
    """A folder of an earlier ceteris: unknown at first; after a change, what it was when the record begins."""
    forget(folder)
    assert said(folder, "margin") == ([], [UNKNOWN])

    declare(folder, analysis={"margin": 2.0})
    (told,), _ = said(folder, "margin")
    assert told.startswith(
        "The margin was 1.5 pp when the record of it begins and is 2 pp now: set to 2 pp on WHEN (40"
    )


def test_a_record_that_was_lost_is_told(folder):
    """If study.json was damaged or deleted when results were there, what was declared first is not known."""
    manifest = read_results(folder).manifest
    (folder / STUDY).unlink()
    ResultsFolder(folder).prepare(replace(manifest, declarations=()), made_up_dataset().test)

    lost = (
        "What margin and target the study declared when the first results were computed is not known: the record of "
        "them begins on WHEN (40 results there)."
    )
    assert said(folder, "margin") == ([lost], [UNKNOWN])


def test_seeds_and_variations_that_came_or_went_are_told(folder):
    """What p-values and Holm's method rest on, if it was another when the first results were computed."""
    declare(folder, seeds=5, variation=[VARIATIONS[0], VARIATIONS[2] | {"name": "tangent"}])

    assert said(folder, "The study had")[1] == [
        (
            "The study had 8 seeds when the first results were computed and has 5 now: p-values do not allow for a "
            "look in between."
        ),
        (
            "The study had 4 variations when the first results were computed and has 2 now, without “shallow”, “tanh” "
            "and “noisy” and with “tangent”: Holm's method allows for those of now alone."
        ),
    ]


@pytest.mark.parametrize(
    ("plan", "now"),
    [
        ({"first": 8, "step": 4, "most": 16}, "8, then by 4 up to 16"),
        ({"first": 8, "step": 8, "until": "stopped"}, "8, then by 8 until it is stopped"),
    ],
)
def test_a_plan_of_seeds_that_came_with_results_in_sight_is_told(folder, plan, now):
    """Looks that were planned after the first one do not protect it, and no error rate is promised."""
    declare(folder, seeds=plan, baseline_seeds=None)

    told = (
        f"The plan of seeds was 8 when the first results were computed and is {now} now: p-values do not allow for a "
    )
    assert said(folder, "The plan of seeds")[1] == [f"{told}look in between."]
    analysis = analyze(read_results(folder))
    assert not any("would hold a false" in text for text in methods(analysis))
    method = looks.section(analysis).blocks[0].text
    assert "changed when there were results, they hold no error rate that could be named." in method
    assert "5 %" not in method


def test_the_error_rate_is_promised_where_nothing_changed(folder):
    """As long as seeds, margin and family are those that were declared first."""
    assert any("would hold a false" in text for text in methods(analyze(read_results(folder))))


def test_crossed_factors_that_came_with_results_in_sight_are_told(folder):
    """With their levels: other levels of the same factors are another choice."""
    declare(folder, cross=CROSSES[:1])

    assert said(folder, "crossed factors")[1] == [
        (
            "“depth x activation: depth (baseline or deeper) and activation (baseline or tanh)” was not among the "
            "crossed factors when the first results were computed: results may have led to the choice, for which "
            "p-values do not allow."
        )
    ]


def test_page_and_text_hold_the_change(folder, tmp_path):
    """A reader of either finds it."""
    declare(folder, analysis={"margin": 2.0})
    report = write_report(folder, out=tmp_path / "out")

    for file in (report.page, report.text):
        text = file.read_text("utf-8").replace("\N{NO-BREAK SPACE}", " ")
        assert "The margin was 1.5 pp when the first results were computed and is 2 pp now" in text


ALONE = {"seeds": 2, "variation": ()}


def results_of(path, labels, became="finished", **settings):
    """Write the results of two seeds of a baseline on test images with these labels, and read them."""
    dataset = made_up_dataset()
    few = replace(dataset.test, images=dataset.test.images[: len(labels)], labels=np.array(labels, np.int32))
    study = made_up_study(**ALONE, **settings)
    return read_results(made_up_folder(path, study=study, dataset=made_up_dataset(test=few), became=became))


@pytest.mark.parametrize(
    ("labels", "share", "largest", "is_unequal"),
    [
        (list(range(10)) * 4, 0.1, "plane", False),
        ([3] * 60 + [0], 60 / 61, "cat", True),
        ([2] * 4, 1.0, "bird", True),
        ([0] * 11 + [1] * 9, 0.55, "plane", True),
        (list(range(6)), 1 / 6, "plane", False),
    ],
)
def test_the_chance_level_is_the_share_of_the_largest_class(tmp_path, labels, share, largest, is_unequal):
    """Among the test images; fewer images than classes are not called unequal."""
    found = chance_level(results_of(tmp_path / "r", labels))
    assert (found.share, found.largest, found.is_unequal) == (pytest.approx(share), largest, is_unequal)


def test_without_labels_classes_are_taken_to_be_equal(copied):
    """Where the labels cannot be read, the chance level is one in as many as there are classes."""
    folder = copied("one seed")
    (folder / "labels.npy").unlink()
    assert chance_level(read_results(folder)).share == 0.1


def test_unequal_classes_are_told_above_the_numbers(tmp_path):
    """The class and its share are named, and a score at that share is called no better than chance."""
    analysis = analyze(results_of(tmp_path / "r", [3] * 45 + [0] * 55, {("baseline", 1): "guessing"}))
    told = (
        "The classes are unequal: “plane” has 55.00 % of the test images, which is the chance level, the accuracy of "
        "always predicting it."
    )
    assert warnings(analysis)[-2:] == (
        told,
        "2 runs finished no better than chance (55.00 %), and count as not learned: “baseline” (2 of 2).",
    )
    assert "none of its 2 runs did better than chance" in answer(analysis)[0]
    assert tuple(chance_notes(analysis.chance)) == (told,)


@pytest.mark.parametrize(
    ("metric", "labels", "told"),
    [
        (
            "balanced accuracy",
            [3] * 60 + [0],
            (
                "“plane” has only 1 test image, which decides its whole part of the balanced accuracy, in which every "
                "class counts alike."
            ),
        ),
        (
            "macro F1",
            [3] * 40 + [0] * 9 + [4] * 20,
            (
                "“plane” has only 9 test images, which decide its whole part of the macro F1, in which every class "
                "counts alike."
            ),
        ),
        ("balanced accuracy", [3] * 40 + [0] * 10, None),
        ("test accuracy", [3] * 60 + [0], None),
    ],
)
def test_a_class_of_few_images_is_told_where_classes_count_alike(tmp_path, metric, labels, told):
    """A mean over classes may hang on one image, which the share of the largest class does not say."""
    found = warnings(analyze(results_of(tmp_path / "r", labels, analysis={"metric": metric})))

    assert [one for one in found if "has only" in one] == ([told] if told else [])


@pytest.mark.parametrize(
    ("constant", "words"),
    [((0, 1), "All of them predict"), ((1,), "One of them predicts")],
)
def test_runs_that_predict_one_class_are_counted(tmp_path, monkeypatch, constant, words):
    """A network whose units died predicts one class for every image: how many runs do is told."""
    results = results_of(tmp_path / "r", [4] * 40 + [5] * 40, "guessing")
    dead = np.eye(10, dtype=np.float16)[[4] * 80]
    awake = results.predictions(results.findings[0].run)
    monkeypatch.setattr(Results, "predictions", lambda _, run: dead if run.seed in constant else awake)
    analysis = analyze(results)

    assert analysis.baseline.at_chance == (0, 1)
    assert list(chance_notes(analysis.chance, analysis.summaries, analysis.constant_runs))[-1] == (
        "2 runs finished no better than chance (50.00 %), and count as not learned: “baseline” (2 of 2). "
        f"{words} the same class for every test image."
    )
