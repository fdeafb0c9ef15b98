import re

import numpy as np
import pytest

from ceteris.analysis.study_analysis import analyze
from ceteris.export.card import model_card
from ceteris.export.check import Check
from ceteris.inference.ensemble import gather
from ceteris.report.quantities import NOTHING, percent, percent_range
from ceteris.report.wording import verdict_words
from ceteris.results.selection import find_target, finished_findings

CHECKS = {
    "model.onnx": Check(reader="ONNX Runtime 1.2", images=30, difference=3.21e-7),
    "model.safetensors": Check(missing="torch"),
}


@pytest.fixture(scope="module")
def analysis(trained_results):
    """Give all that can be said of the trained study."""
    return analyze(trained_results)


def card(analysis, arm, seed):
    """Write the card of a run."""
    target = find_target(analysis.results.folder.path / arm)
    (finding,) = finished_findings(analysis.results, target, seed)
    return finding, model_card(analysis, finding, gather(analysis.results, [finding]), CHECKS)


def test_a_card_says_how_well_this_network_and_its_recipe_do(analysis):
    """The numbers are those of the records: this seed, the mean over seeds with its interval, and the extremes."""
    finding, text = card(analysis, "baseline", 2)
    scores = [one.test_accuracy for one in analysis.results.records if one.run.variation == "baseline"]

    assert text.startswith("# baseline, seed 2: Bands of colour\n")
    assert f"- This network: {percent(finding.record.test_accuracy)} of 30 test images right.\n" in text
    assert (
        f"- 3 runs that learned of “baseline”: {percent(np.mean(scores))} on average, 95 % interval of this mean "
        f"{percent_range(analysis.baseline.accuracy)} (Student's t over seeds); single seeds lie between "
        f"{percent(min(scores))} and {percent(max(scores))}.\n"
    ) in text
    assert "Compared with the baseline" not in text


def test_a_variation_is_compared_with_the_baseline(analysis):
    """What it changed, and the verdict of the study on it."""
    _, text = card(analysis, "kernel-1x1", 0)

    (comparison,) = analysis.comparisons
    assert re.search(
        rf"- Compared with the baseline: \S+ pp \(.+ pp\); {re.escape(verdict_words(comparison))}\.\n", text
    )
    assert "- Changed from the baseline: layer 1 (conv 5): kernel 3 -> 1.\n" in text or "kernel 3" in text


def test_the_table_of_classes_counts_from_the_predictions(analysis):
    """Recall and precision of each class, as an independent count of the stored predictions has them."""
    finding, text = card(analysis, "baseline", 0)
    answers = analysis.results.predictions(finding.run).argmax(axis=1)
    labels = analysis.results.labels()

    for label, name in enumerate("abcdefghij"):
        recall = np.mean(answers[labels == label] == label)
        named = labels[answers == label]
        precision = f"{100 * np.mean(named == label):.1f} %" if len(named) else NOTHING
        assert f"| {name} | 3 | {100 * recall:.1f} % | {precision} |\n" in text


def test_limits_come_first(analysis):
    """What the images are, that unknown things get a class too, and that no licence is known."""
    _, text = card(analysis, "baseline", 0)
    limits = text.split("\n## ")[1].strip().splitlines()

    assert limits[0] == "Before you use it"
    assert limits[2] == "- These images are bands of colour."
    assert limits[-1] == (
        "- The records do not say under which licence the training images are, nor what that means for the weights: "
        "find out before you pass them on."
    )


def test_a_network_that_guesses_says_so(analysis):
    """The sentence stands on the card of every such run, and on no other."""
    for record in analysis.results.records:
        run = record.run
        guessing = next(one.at_chance for one in analysis.summaries if one.name == run.variation)
        _, text = card(analysis, "baseline" if run.variation == "baseline" else "kernel-1x1", run.seed)

        assert ("- This very network does no better than guessing.\n" in text) == (run.seed in guessing)


def test_what_was_not_checked_is_said(analysis):
    """A row a file: what read it back and how far off it was, or why nothing did."""
    _, text = card(analysis, "baseline", 0)

    assert "| `model.onnx` | ONNX, operators of version 18 | ONNX Runtime 1.2 | 30 | 3.2e-07 |\n" in text
    assert (
        "| `model.safetensors` | weights, with the loader `model.py` | not checked: torch was not installed "
        f"| {NOTHING} | {NOTHING} |\n"
    ) in text


def test_the_scaling_of_the_card_is_that_of_the_run(analysis):
    """Nine digits give back the very float32."""
    _, text = card(analysis, "baseline", 0)
    scale, offset = re.search(r"level times \((.*?)\) plus \((.*?)\)", text).groups()

    manifest = analysis.results.manifest
    assert [np.float32(one) for one in scale.split(",")] == [np.float32(one) for one in manifest.scale]
    assert [np.float32(one) for one in offset.split(",")] == [np.float32(one) for one in manifest.offset]
