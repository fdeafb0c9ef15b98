import re
from dataclasses import replace

import pytest

from ceteris.analysis.study_analysis import analyze
from ceteris.report.caveats import caveats
from ceteris.report.report import write_report
from ceteris.report.reservations import reservations
from ceteris.results.checksummed import seal, unseal
from ceteris.results.folder import STUDY, ResultsFolder
from ceteris.results.results import read_results
from ceteris.study.study import Study
from tests.made_up import VARIATIONS, made_up_dataset

TIME = re.compile(r"\d{4}-\d\d-\d\d at \d\d:\d\d UTC")
FORESIGHT = (
    "The margin of ±1.5 pp was declared on WHEN, before this folder held any result; what was seen elsewhere no record "
    "can show."
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
    """Give what reservations and what caveats say of something, with WHEN for times."""
    analysis = analyze(read_results(folder))
    return tuple(
        [TIME.sub("WHEN", sentence) for sentence in found(analysis) if word in sentence]
        for found in (reservations, caveats)
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
                "(40 results there). By the first margin this verdict is another: “tanh” (practically equal)."
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


def test_page_and_text_hold_the_change(folder, tmp_path):
    """A reader of either finds it."""
    declare(folder, analysis={"margin": 2.0})
    report = write_report(folder, out=tmp_path / "out")

    for file in (report.page, report.text):
        text = file.read_text("utf-8").replace("\N{NO-BREAK SPACE}", " ")
        assert "The margin was 1.5 pp when the first results were computed and is 2 pp now" in text
