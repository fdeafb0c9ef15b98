"""What a prediction takes: counted for every variation, measured where it was."""

from ceteris.analysis.study_analysis import analyze
from ceteris.report.sections.pretrained import cost_table, section
from ceteris.results.results import read_results
from ceteris.results.run_folder import WEIGHTS
from tests.made_up import made_up_folder, made_up_study
from tests.states import DEEPER, HEAD, timed


def cells(analysis):
    """Give the table's cells by the name of their row."""
    return {row[0].text: [cell.plain for cell in row[1:]] for row in cost_table(analysis.costs).rows}


def test_a_head_counts_with_all_of_its_backbone(analyses):
    """Parameters, multiply-adds, memory, and the pretrained file beside the head's own."""
    rows = cells(analyses("transfer"))

    assert rows["head"][0] == "11,181,642 (5,130 trainable)"
    assert rows["head"][2:] == [
        "45.5 MB",
        "14.0 MB (14.0 MB pretrained, 21 kB of the run)",
        "9.5 (8.6 to 11.4; n = 100)",
    ]
    assert rows["baseline"][-1] == "0.12 (0.11 to 0.15; n = 100)"


def test_the_file_is_that_on_disk(analyses):
    """As many bytes as the weights of a finished run take in its folder."""
    analysis = analyses("transfer")
    cost = analysis.costs[0]
    record = analysis.results.records[0]

    assert cost.own_bytes == (analysis.results.folder.run_folder(record.run).path / WEIGHTS).stat().st_size
    assert (cost.pretrained_bytes, cost.file_bytes) == (0, cost.own_bytes)


def test_what_was_not_measured_says_so(analyses):
    """In the cell, and a note says how to get it; what needs no measuring is there all the same."""
    analysis = analyses("transfer")
    rows = cells(analysis)

    assert rows["deeper"][-1] == "not measured"
    assert rows["deeper"][3].endswith(" B") or rows["deeper"][3].endswith(" kB")
    assert rows["head, a tenth"][3] == "not measured (21 kB of the run, and the pretrained file)"
    assert rows["left out"][3:] == ["\N{EN DASH}", "not measured"]
    assert cost_table(analysis.costs).notes[-1] == (
        "What was not measured is measured when `ceteris run` is called again for this study, with PyTorch installed, "
        "on the machine that trained it."
    )


def test_all_measured_needs_no_such_note(tmp_path):
    """The note about times is the only one, and names the machine."""
    measured = {"baseline": timed(0.1), "deeper": timed(0.2), "head": timed(5, 7_000_000)}
    study = made_up_study(seeds=2, variation=(DEEPER, HEAD))
    analysis = analyze(read_results(made_up_folder(tmp_path / "r", study=study, measured=measured)))
    (note,) = cost_table(analysis.costs).notes

    assert "one core, one image at a time" in note
    assert f"Measured on {next(iter(analysis.environment.hosts))}." in note


def test_a_study_without_pretrained_networks_has_no_such_table(analyses):
    """It is for comparing the two kinds."""
    assert analyses("complete").costs == ()
    assert section(analyses("complete")) is None
