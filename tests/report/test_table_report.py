import math
import re

import pytest

from ceteris.analysis.judge import judge
from ceteris.report.quantities import MINUS
from ceteris.report.table_report import encode_outcomes, write_table_report
from tests.report.html_page import Page

BASE, BIG = [91.2, 91.5, 90.9, 91.1, 91.3], [92.2, 92.5, 92.4, 92.1, math.nan]


def table(metric="val_acc", *more, **arms):
    """Write arms in long form, with a learning rate."""
    return [
        {"model": name, "seed": seed, metric: value, "lr": "0.1" if name == "base" else "0.2", **dict(more)}
        for name, values in arms.items()
        for seed, value in enumerate(values)
    ]


@pytest.mark.parametrize("margin", [None, "0.5pp"])
def test_a_report_says_nothing_of_images(tmp_path, margin):
    """A table does not say that it is about images, nor does its report; nor of curves, seconds or networks."""
    found = judge(table(base=BASE, big=BIG), baseline="base", margin=margin)
    report = write_table_report(found, tmp_path)

    assert [section.anchor for section in report.sections] == [
        "reservations", "answer", "verdicts-heading", "differences", "tests", "robustness", "source",
    ]  # fmt: skip
    text, page = report.text.read_text(), " ".join(Page(report.page.read_text()).text)
    for written in (text, page):
        assert not re.search(r"image|epoch|convergence|network", written, re.IGNORECASE)
    assert ("margin" in " ".join(report.sections[1].blocks[0].sentences)) is (margin is None)


def test_the_answer_without_a_margin_says_that_there_is_none(tmp_path):
    """Sentences are those of a study where these apply."""
    found = judge(table(base=BASE, big=BIG, same=BASE), baseline="base")
    answer = write_table_report(found, tmp_path).sections[1].blocks[0].sentences

    assert answer == (
        "The baseline's val_acc was 91.20 % on average over 5 seeds (95 % interval 90.92 to 91.48 %).",
        (
            "1 of the 2 variations was better than the baseline by the val_acc, among runs that learned: “big” (+1.10 "
            "pp, simultaneous 95 % interval +0.72 to +1.48 pp)."
        ),
        "Neither variation was shown to be worse than the baseline by the val_acc, among runs that learned.",
        (
            "1 was left undecided: “same”, where the simultaneous 95 % interval leaves differences from "
            f"{MINUS}0.39 to +0.39 pp possible. Without a margin none can be called equivalent."
        ),
        "1 run did not learn, 0 of the baseline's 5 among them; no variation was shown to collapse more or less often.",
    )


def test_a_baseline_that_learned_nothing_is_compared_by_how_often_runs_learn(tmp_path):
    """There is no accuracy to compare, and no difference to draw; rates of collapse are an answer all the same."""
    base, big = [0.1] * 8, [0.9] * 7 + [0.1]
    report = write_table_report(judge(table(base=base, big=big), baseline="base", chance=0.1), tmp_path)
    answer, (forest, seeds) = report.sections[0].blocks[0].sentences, report.sections[2].blocks

    assert answer == (
        (
            "The baseline learned nothing: none of its 8 runs did better than chance, and no accuracy can be compared "
            "with it."
        ),
        "No variation can be called better, worse or equivalent: that takes runs of both arms that learned.",
        "9 runs did not learn, 8 of the baseline's 8 among them; “big” (1 of 8) collapses less often.",
    )
    assert forest.alt.endswith("big: no run of the baseline learned.")
    assert "base: no run learned, 8 seeds from 10.00 to 10.00" in seeds.alt


def test_the_number_of_test_cases_bounds_a_value(tmp_path):
    """The binomial error of a single value is told, since no interval allows for other data."""
    found = judge(table("acc", ("n_eval", 10_000), base=BASE, big=BIG), baseline="base")
    sentences = write_table_report(found, tmp_path).sections[-1].blocks[-1].sentences

    assert sentences[-1] == (
        "Each value is a share of 10,000 test cases. On as many others of the same kind, a single run of 91.20 % would "
        "vary by 0.56 percentage points (95 %, binomial) besides; no interval allows for that, and verdicts are about "
        "these cases."
    )


def test_the_table_beside_a_report_gives_the_same_verdicts(tmp_path):
    """It has every run with its status and settings, and is read as the source was."""
    found = judge(table(base=BASE, big=BIG), baseline="base", pair="seed")
    (tmp_path / "results.csv").write_bytes(encode_outcomes(found.outcomes))
    again = judge(tmp_path / "results.csv", baseline="base", pair="pair")

    assert (tmp_path / "results.csv").read_text().splitlines()[:2] == [
        "variation,seed,pair,status,val_acc,lr",
        "base,0,0,finished,91.2,0.1",
    ]
    assert [one.verdict for one in again.comparisons] == [one.verdict for one in found.comparisons]
    assert again.comparisons[0].accuracy == found.comparisons[0].accuracy
    assert again.changed == found.changed


def test_two_seeds_of_which_one_learned_are_too_few(tmp_path):
    """It is not two seeds that are missing."""
    found = judge(table(base=[0.9, 0.95], big=[0.8, float("nan")]), baseline="base")

    assert write_table_report(found, tmp_path).sections[1].blocks[0].sentences[2] == (
        "No variation can be called better, worse or equivalent yet: that takes error bars, and these take two runs of "
        "each arm that learned."
    )


def test_checks_say_that_they_are_of_all_runs(tmp_path):
    """Where runs ended at chance, a trimmed difference is another than that of the verdict."""
    base, big = [0.9, 0.91, 0.92, 0.9, 0.91], [0.93, 0.94, 0.93, 0.94, 0.1]
    told = "these differences are of all runs, those of the verdicts of runs that learned."

    for values, is_told in ((big, True), (big[:4], False)):
        found = judge(table(base=base, big=values), baseline="base", chance=0.1)
        text = write_table_report(found, tmp_path / str(is_told)).text.read_text("utf-8")
        assert (told in " ".join(text.split())) is is_told


def test_losses_are_told_as_changes_in_per_cent(tmp_path):
    """Values in their own unit, differences as ratios; times around 500 with fewer digits."""
    base, wide = [500.0, 510.0, 505.0, 507.0], [400.0, 410.0, 404.0, 405.0]
    found = judge(table("seconds per epoch time", base=base, wide=wide), baseline="base",
                  metric="seconds per epoch time", margin="2%")  # fmt: skip
    report = write_table_report(found, tmp_path)
    answer, verdicts = report.sections[0].blocks[0].sentences, report.sections[1].blocks[1]

    assert answer[0] == (
        "The baseline's seconds per epoch time was 505.49 on average over 4 seeds (95 % interval 498.83 to 512.23)."
    )
    assert answer[1].endswith(f"“wide” ({MINUS}19.93 %, simultaneous 95 % interval {MINUS}21.22 to {MINUS}18.62 %).")
    assert verdicts.notes[0] == (
        "Differences are variation minus baseline, in per cent of the baseline (lower is better), with simultaneous "
        "95 % confidence intervals."
    )
    assert verdicts.notes[1] == "Equivalent means: shown to lie within ±2 %, the margin that was given."
