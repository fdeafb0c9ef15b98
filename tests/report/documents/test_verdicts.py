import json
from dataclasses import replace

from ceteris.analysis.study_analysis import analyze
from ceteris.report.documents.verdicts import verdicts
from ceteris.report.sections.warnings import warnings
from ceteris.results.results import read_results
from ceteris.statistics.convergence import Measure
from ceteris.statistics.verdict import Decision
from tests.made_up import VARIATIONS, made_up_folder, made_up_study


def as_json(analysis):
    """Read what a program reads."""
    return json.loads(verdicts(analysis).encode())


def test_every_state_of_a_folder_has_verdicts(analyses, state):
    """Whatever became of the runs: each arm and each comparison is there, and decided as in the report."""
    analysis = analyses(state)
    found = as_json(analysis)

    assert [arm["name"] for arm in found["arms"]] == [arm.name for arm in analysis.summaries]
    assert [(one["variation"], one["decision"]) for one in found["comparisons"]] == [
        (one.variation, one.verdict.decision.replace(" ", "_")) for one in analysis.comparisons
    ]
    assert [one["undecided"] is not None for one in found["comparisons"]] == [
        one.verdict.decision is Decision.UNDECIDED for one in analysis.comparisons
    ]
    told = [one["text"] for one in found["warnings"]]
    assert told[: len(warnings(analysis))] == [str(one) for one in warnings(analysis)]


def test_numbers_are_those_of_the_analysis(analyses):
    """Estimates, intervals, tests and counts, as fractions."""
    analysis = analyses("some troubles")
    one, found = analysis.comparison("noisy"), as_json(analysis)
    (entry,) = [entry for entry in found["comparisons"] if entry["variation"] == "noisy"]
    interval = one.accuracy.simultaneous

    assert entry["simultaneous"] == {
        "estimate": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "level": 0.9875,
        "scope": "seeds",
    }
    assert entry["runs"] == {"baseline": 6, "variation": 7, "common": 5}
    assert entry["tests"]["difference"] == {
        "p_value": one.accuracy.p_value,
        "p_value_adjusted": one.accuracy.p_value_adjusted,
    }
    assert entry["collapse"]["baseline"] == {"collapsed": 2, "runs": 8}
    forecast = one.verdict.forecast
    assert entry["undecided"] == {
        "possible": entry["simultaneous"],
        "forecast": {
            "baseline_runs": forecast.baseline,
            "variation_runs": forecast.variation,
            "probability": forecast.probability,
            "most": forecast.most,
        },
        "next_look": None,
    }
    assert found["criteria"] == {
        "margin": 0.015,
        "significance": 0.05,
        "scope": "seeds",
        "comparisons": 4,
        "tests": 8,
        "target": analysis.target,
    }
    assert found["arms"][1]["changes"] == ["layer 2 added: conv 3, kernel 1"]


def test_convergence_is_that_of_the_report(analyses):
    """Each measure with its test, or without one where it is only described."""
    analysis = analyses("complete")
    one, found = analysis.comparisons[0], as_json(analysis)["comparisons"][0]["convergence"]
    area, epochs = (one.convergence[measure] for measure in (Measure.AREA, Measure.EPOCHS))

    assert [(entry["measure"], entry["test"] is not None) for entry in found] == [
        (measure.name.lower(), measure.is_tested) for measure in Measure
    ]
    assert found[0]["difference"]["estimate"] == area.difference.estimate
    assert found[0]["test"] == {"p_value": area.p_value, "p_value_adjusted": area.p_value_adjusted}
    assert (found[0]["runs"], found[0]["unreached"]) == (list(area.runs), None)
    assert found[1]["unreached"] == [len(epochs.censored_baseline), len(epochs.censored_variation)]
    assert found[1]["truncation_time"] == epochs.truncation_time


def test_warnings_have_codes_and_arms(analyses):
    """A program need not read the sentence."""
    told = as_json(analyses("some troubles"))["warnings"]

    assert [(one["code"], one["arms"]) for one in told] == [
        ("note", []),
        ("runs_failed", ["noisy"]),
        ("runs_missing", ["tanh"]),
        ("diverged", ["baseline"]),
        ("diverged", ["deeper"]),
        ("at_chance", ["baseline"]),
    ]


def test_of_a_metric_of_which_less_is_better_numbers_have_its_own_sign(tmp_path):
    """A lower Brier score is a difference below 0 and better."""
    study = made_up_study(seeds=3, variation=VARIATIONS[:1], analysis={"metric": "Brier score", "margin": 0.01})
    found = as_json(analyze(read_results(made_up_folder(tmp_path / "r", study=study))))
    (one,) = found["comparisons"]

    assert found["metric"] == {
        "name": "Brier score",
        "unit": "number",
        "higher_is_better": False,
        "compared": "differences",
    }
    assert one["decision"] == "better"
    assert one["difference"]["low"] < one["difference"]["estimate"] < one["difference"]["high"] < 0
    assert 0 < found["arms"][1]["value"]["estimate"] < found["arms"][0]["value"]["estimate"]


def test_looks_say_what_is_planned_and_what_was_left_open(analyses):
    """Seeds, levels and open variations of each look; the next one, unless there is none."""
    analysis = analyses("looks")
    found = as_json(analysis)
    one = analysis.comparison("noisy")
    open_ = replace(analysis.looks, is_over=False, asked={"noisy": 20})
    still = as_json(replace(analysis, looks=open_))["comparisons"][3]

    assert one.verdict.decision is Decision.UNDECIDED
    assert found["looks"]["plan"] == {"first": 8, "step": 4, "most": 16}
    assert [(look["seeds"], look["open"]) for look in found["looks"]["taken"]] == [
        (8, ["noisy"]),
        (12, ["noisy"]),
        (16, ["noisy"]),
    ]
    assert (found["looks"]["is_over"], found["comparisons"][3]["undecided"]["next_look"]) == (True, None)
    assert still["undecided"]["next_look"] == 20


def test_effects_of_crossed_factors_name_their_levels(analyses):
    """Main effects and interactions, each with whether it was shown."""
    analysis = analyses("crossed")
    found = as_json(analysis)["effects"]

    assert len(found) == sum(len(cross.effects) for cross in analysis.factorials)
    assert found[0]["levels"] == [{"factor": "depth", "level": "deeper"}]
    assert [level["factor"] for level in found[2]["levels"]] == ["depth", "activation"]
    assert found[0]["is_shown"]
