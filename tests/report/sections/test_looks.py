from dataclasses import replace

import pytest

from ceteris.analysis.looks import asked_seeds
from ceteris.analysis.study_analysis import analyze
from ceteris.report.blocks import Paragraph
from ceteris.report.quantities import MINUS, NOTHING
from ceteris.report.sections.answer import answer
from ceteris.report.sections.convergence import convergence_table
from ceteris.report.sections.looks import looks_so_far, section
from ceteris.report.sections.methods import methods
from ceteris.report.sections.verdicts import footnotes
from ceteris.report.table import Table
from ceteris.results.results import read_results
from ceteris.statistics.convergence import Measure
from ceteris.statistics.interval import PointEstimate
from ceteris.statistics.looks import StudyLooks
from ceteris.statistics.sequential import LookPlan
from ceteris.statistics.verdict import Decision
from tests.made_up import made_up_folder, made_up_study
from tests.states import DEEPER, LOOKS


@pytest.fixture
def analysis(analyses):
    """Give the analysis of a study that has taken its looks."""
    return analyses("looks")


def parts(analysis, kind):
    """Choose blocks of the section."""
    return [block for block in section(analysis).blocks if isinstance(block, kind)]


def test_a_study_of_so_many_seeds_has_no_looks(analyses):
    """The section is left out."""
    assert section(analyses("complete")) is None


def test_the_folder_is_what_the_looks_ask_for(analysis):
    """The made-up folder has the seeds that its own results decide."""
    assert asked_seeds(analysis.results.folder, analysis.manifest) == analysis.manifest.asked


def test_levels_and_decisions_of_each_look(analysis):
    """A row for each look: seeds, variations looked at, both levels, and who was decided."""
    levels, _ = parts(analysis, Table)

    assert [[cell.plain for cell in row] for row in levels.rows] == [
        ["8", "4", "0.0016", "0.0031", "“deeper”, “shallow” and “tanh”"],
        ["12", "1", "0.0034", "0.0072", NOTHING],
        ["16", "1", "0.0055", "0.012", NOTHING],
    ]


def test_each_variation_at_its_last_look(analysis):
    """The repeated interval, p-values and decision are those of the look that was its last."""
    _, last = parts(analysis, Table)

    assert [[cell.plain for cell in row] for row in last.rows] == [
        ["deeper", "8", "+5.75 pp (+4.69 to +6.81 pp)", "< 0.0001", NOTHING, "1", "better"],
        ["shallow", "8", f"{MINUS}8.00 pp ({MINUS}9.49 to {MINUS}6.51 pp)", "< 0.0001", NOTHING, "1", "worse"],
        ["tanh", "8", f"+0.09 pp ({MINUS}0.49 to +0.68 pp)", "0.50", NOTHING, "< 0.0001", "equivalent"],
        ["noisy", "16", f"{MINUS}0.44 pp ({MINUS}7.39 to +6.52 pp)", "0.85", NOTHING, "0.32", "undecided"],
    ]


def test_what_the_looks_say_in_sentences(analysis):
    """The method, and how far it has come."""
    assert [block.text for block in parts(analysis, Paragraph)] == [
        (
            "Seeds are added where the verdict is open, by a plan: 8 to 16 seeds for each arm. The levels follow Kim "
            "and DeMets' spending function and are passed on by Holm's method. Tests at several looks err more often "
            "than one test at the same level, so each look has levels of its own; over all looks together, at most 5 % "
            "of such studies hold a false difference, and at most 5 % a false equivalence. Adjusted p-values elsewhere "
            "in this report are the error rate at which the last look at a variation would just have decided. A "
            "difference that was decided early is probably estimated too large, since those that are large by chance "
            "are decided first. Intervals of single arms, other metrics and robustness checks do not allow for the "
            "looks."
        ),
        "Look 3 of 3 was taken, at 16 seeds, and left 1 variation open. 24 of 80 runs were not needed.",
    ]


def test_verdicts_are_those_of_the_looks(analysis):
    """What the report says of a variation is what its last look decided."""
    for name, last in analysis.looks.last.items():
        found = analysis.comparison(name)
        assert (found.verdict, found.accuracy, found.pairs) == (
            last.judgement.verdict,
            last.judgement.accuracy,
            last.seeds,
        )


def test_nothing_is_decided_before_the_first_look(tmp_path):
    """With one run missing no variation has a verdict, however clear it looks."""
    study = made_up_study(seeds=LOOKS)
    analysis = analyze(read_results(made_up_folder(tmp_path, study=study, became={("noisy", 3): "missing"})))

    assert {one.verdict.decision for one in analysis.comparisons} == {Decision.UNDECIDED}
    assert parts(analysis, Table) == []
    assert parts(analysis, Paragraph)[1].text == "No look was taken yet: the first, at 8 seeds, needs every run of it."


def test_looks_without_an_end(tmp_path):
    """How many there are is not said, and the method is another."""
    plan = {"first": 8, "step": 4, "until": "stopped"}
    folder = made_up_folder(tmp_path, study=made_up_study(seeds=plan))
    analysis = analyze(read_results(folder))
    method, state = (block.text for block in parts(analysis, Paragraph))

    assert "No last look was declared: the p-values come from e-values" in method
    assert state == "Look 1 was taken, at 8 seeds; 1 variation is still open."


def test_a_study_that_is_decided_early(analysis):
    """The sentence says that nothing is open, and how many runs were not needed."""
    looks = analysis.looks
    early = StudyLooks(done=looks.done[:1], asked=dict.fromkeys(looks.asked, 8), is_over=True)
    text = looks_so_far(early, LookPlan(first=8, step=4, most=16))

    assert text == "Look 1 of 3 was taken, at 8 seeds, and left 1 variation open. 40 of 80 runs were not needed."


@pytest.mark.parametrize(
    ("end", "how"),
    [
        ({"most": 16}, "at levels of its own"),
        ({"until": "stopped"}, "by e-values, which allow for any number of looks"),
    ],
)
def test_methods_tell_of_the_looks(tmp_path, end, how):
    """How tests were done at each look, in a sentence."""
    folder = made_up_folder(tmp_path, study=made_up_study(seeds={"first": 8, "step": 4, **end}))

    told = f"Results were looked at while seeds were added, and tested at each look {how}; see Looks."
    assert told in methods(analyze(read_results(folder)))


def test_looks_may_judge_the_population(tmp_path):
    """Where the study declares it, each look allows for the test images too."""
    declared = {"margin": 1.5, "scope": "population"}
    folder = made_up_folder(tmp_path, study=made_up_study(seeds=LOOKS, analysis=declared))
    wide = analyze(read_results(folder)).looks.last["deeper"].judgement.accuracy
    narrow = analyze(read_results(made_up_folder(tmp_path / "narrow", study=made_up_study(seeds=LOOKS)))).looks
    beside = narrow.last["deeper"].judgement.accuracy

    assert wide.found.standard_error > beside.found.standard_error


def test_convergence_and_test_images_have_levels_for_all_looks(analysis):
    """They stand beside each verdict; a verdict over images too has no levels, and means are told from differences."""
    assert all(one.convergence[Measure.AREA].p_value_adjusted is not None for one in analysis.comparisons)
    assert all(one.over_images.level == pytest.approx(1 - 0.05 / 4) for one in analysis.comparisons)
    assert all(one.in_population is None for one in analysis.comparisons)
    assert any("shown to have a higher mean validation accuracy" in sentence for sentence in answer(analysis))
    assert any(
        note.startswith("Each variation is compared over the seeds") for note in convergence_table(analysis).notes
    )
    assert any(note.startswith("Seeds were added where the verdict was open") for note in footnotes(analysis))


def test_before_a_look_left_a_verdict_open_no_seeds_were_added(analysis):
    """Arms may have unequal numbers of runs because some are still to come, or collapsed."""
    first = replace(analysis.looks, done=(), asked=dict.fromkeys(analysis.looks.asked, 8))

    assert not any("Seeds were added" in note for note in footnotes(replace(analysis, looks=first)))


def test_without_a_last_look_convergence_is_told_and_not_tested(tmp_path):
    """No levels are known for it, so that it has neither intervals nor p-values."""
    study = made_up_study(seeds={"first": 8, "step": 4, "until": "stopped"})
    found = analyze(read_results(made_up_folder(tmp_path / "r", study=study)))

    for one in found.comparisons:
        area = one.convergence[Measure.AREA]
        assert (type(area.difference), area.p_value, one.over_images) == (PointEstimate, None, None)
    assert answer(found)[-1] == (
        "How fast the variations learn was not tested: no level of it allows for looks of which the last is not "
        "declared."
    )
    before = replace(found, looks=replace(found.looks, done=()))
    assert answer(before)[-1] == "How fast the variations learn was not tested: that waits for the first look."
    assert "Each variation is compared over the seeds" not in " ".join(convergence_table(found).notes)


@pytest.mark.parametrize("seeds", [LOOKS, 8])
def test_arms_that_no_look_compares_have_no_verdict(tmp_path, seeds):
    """Networks on as many images as another arm are compared, and judged only where the number of seeds was fixed."""
    tenth = {"set": {"data.fraction": 0.1}}
    variations = (DEEPER, {"factor": "images", "name": "a tenth", **tenth}, DEEPER | {"name": "both", **tenth})
    analysis = analyze(read_results(made_up_folder(tmp_path, study=made_up_study(seeds=seeds, variation=variations))))
    (matched,) = [point.matched for curve in analysis.efficiency for point in curve.points if point.arm.name == "both"]

    assert matched.other == "a tenth"
    assert (matched.accuracy.p_value_adjusted is None) is (seeds is LOOKS)
    assert matched.verdict.decision is Decision.UNDECIDED
