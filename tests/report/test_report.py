import csv
import json
import re

import pytest

from ceteris.analysis import analysis
from ceteris.analysis.study_analysis import analyze
from ceteris.report.figures.drawing import Drawing
from ceteris.report.report import publish
from ceteris.report.table import Table
from ceteris.results.results import read_results
from tests.report.html_page import Page
from tests.report.reading import blocks_of, sentences_of, tables_of
from tests.states import HOSTILE, STATES

LEFT_OVER = re.compile(r"\b(nan|None|inf|True|False)\b|  |\.\.|\( |,,| ,|\b1 (runs|seeds|pairs|epochs|images)\b")
INTERVAL = re.compile(r"\d to [+\N{MINUS SIGN}]?\d")


def page_of(report):
    """Parse the page of a report."""
    return Page(report.page.read_text(encoding="utf-8"))


def test_every_state_of_a_folder_has_a_report(reports, state):
    """Page, text, verdicts and table are written whatever became of the runs; no id of the page is there twice."""
    report = reports(state)
    page = page_of(report)

    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    assert all(f"#{anchor}" for anchor in page.ids)
    assert report.text.read_text(encoding="utf-8").startswith("# ")
    assert report.verdicts == report.page.with_name("verdicts.json")
    assert json.loads(report.verdicts.read_bytes())["document"] == "verdicts"
    with report.table.open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(read_results(report.page.parent).findings)


ALWAYS = ["answer", "verdicts-heading", "factors", "pictures", "the-runs", "methods", "caveats", "what-with"]
SECTIONS = {
    "empty": {"reservations"},
    "official": {"differences", "metrics", "robustness", "speed", "tests", "training-time"},
    "looks": {"differences", "looks", "metrics", "reservations", "robustness", "speed", "tests", "training-time"},
    "transfer": {
        "reservations",
        "differences",
        "speed",
        "images",
        "metrics",
        "pretrained",
        "robustness",
        "tests",
        "training-time",
    },
}


@pytest.mark.parametrize("state", SECTIONS)
def test_a_section_without_its_data_is_left_out(reports, state):
    """The others stay in their order; every anchor is there once, and so is every table."""
    sections = reports(state).sections
    anchors = [section.anchor for section in sections]

    assert [anchor for anchor in anchors if anchor in ALWAYS] == ALWAYS
    assert {*anchors} - {*ALWAYS} == SECTIONS[state]
    names = [*anchors, *(table.name for table in blocks_of(sections, Table))]
    assert len(set(names)) == len(names)


def test_a_page_asks_nothing_of_the_network(reports, state):
    """No element names an address but the page's own anchors and embedded images, and the policy forbids the rest."""
    page = page_of(reports(state))
    addresses = [value for _, name, value in page.attributes if name in {"href", "src", "action", "xlink:href"}]
    (policy,) = [value for _, name, value in page.attributes if name == "content" and "default-src" in value]

    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-")
    assert [value for value in addresses if not value.startswith(("#", "data:"))] == []
    targets = {value[1:] for value in addresses if value.startswith("#")}
    assert targets <= set(page.ids)
    styles = [value for _, name, value in page.attributes if name == "style"]
    assert not any("url(" in style.replace("url(#", "") for style in styles)
    assert reports(state).page.stat().st_size < 10_000_000


def test_every_sentence_is_one(reports, state):
    """Sentences begin with a capital, a figure or a quotation mark, end with a full stop, and hold no left-overs."""
    sections = reports(state).sections
    sentences = [sentence for section in sections for sentence in sentences_of(sections, section.anchor)]
    sentences += [note for table in tables_of(sections).values() for note in table.notes]
    for sentence in sentences:
        plain = sentence.replace(HOSTILE, "it").replace(HOSTILE[:80].strip(), "it").replace("None of", "")
        assert sentence[0].isupper() or sentence[0].isdigit() or sentence[0] in "“\N{DAGGER}" or ":" in sentence
        assert sentence.endswith("."), sentence
        assert [found[0] for found in LEFT_OVER.finditer(plain)] == [], sentence


@pytest.mark.parametrize("state", ["one seed", "one seed so far", "one diverged run", "empty", "all failed"])
def test_one_seed_has_no_interval_no_p_value_and_no_band(reports, state):
    """Where nothing was measured twice, no table, sentence or picture shows a spread."""
    report = reports(state)
    tables = tables_of(report.sections)
    tables = [table for name, table in tables.items() if "seeds" not in name and name not in {"circumstances", "runs"}]
    shown = [cell.plain for table in tables for row in table.rows for cell in row[1:]]
    shown += [*sentences_of(report.sections, "answer"), *sentences_of(report.sections, "factors")]
    shown = [re.sub(r"seeds \d+ to \d+", "", text) for text in shown]
    page = report.page.read_text(encoding="utf-8")
    pictures = " ".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))

    assert [text for text in shown if INTERVAL.search(text) or "p = " in text or "p <" in text] == []
    assert "interval" not in " ".join(shown)
    assert "interval" not in pictures
    assert "opacity: 0.16" not in pictures


def test_an_interval_is_shown_where_there_are_seeds(reports):
    """What the test above looks for is there to be found in a complete report."""
    page = reports("complete").page.read_text(encoding="utf-8")
    pictures = " ".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))

    assert INTERVAL.search(" ".join(sentences_of(reports("complete").sections, "answer")))
    assert "interval" in pictures
    assert "opacity: 0.16" in pictures


@pytest.mark.parametrize("state", ["all diverged", "one diverged run"])
def test_runs_that_diverged_have_no_spread_of_their_own(reports, state):
    """They have no accuracy, no difference and no verdict; only their rate of collapse has an interval."""
    sections = reports(state).sections
    tables = tables_of(sections)
    shown = [cell.plain for row in tables["verdicts"].rows for place, cell in enumerate(row) if place not in (0, 5)]

    assert [text for text in shown if INTERVAL.search(text)] == []
    assert not {"details", "convergence"} & set(tables)
    assert "no network was left to score on the test images" in sentences_of(sections, "answer")[0]


ANSWERS = {
    "empty": "None of the 9 planned runs has come to its end, so there is nothing to say yet.",
    "all failed": "None of the 9 planned runs has come to its end (9 runs failed), so there is nothing to say yet.",
    "all diverged": "All 9 runs that came to their end diverged: no network was left to score on the test images, so "
    "there is nothing to compare.",
    "one diverged run": "The only run that came to its end diverged: no network was left to score on the test images, "
    "so there is nothing to compare.",
    "baseline diverged": "The baseline learned nothing: none of its 3 runs did better than chance, and no accuracy can "
    "be compared with it.",
    "baseline missing": "So far, with 6 of 9 runs at an end, the baseline has no result, so that no variation can be "
    "compared with it.",
    "one seed": "The baseline classified 50.25 % of the 400 test images correctly with one seed, which has no error "
    "bars.",
    "one seed so far": "So far, with 3 of 9 runs at an end, the baseline classified 50.25 % of the 400 test images "
    "correctly with one seed, which has no error bars.",
    "half": "So far, with 4 of 9 runs at an end, the baseline classified 50.33 % of the 400 test images correctly on "
    "average over 3 seeds (95 % interval 49.38 to 51.28 %).",
}


@pytest.mark.parametrize("state", ANSWERS)
def test_the_answer_begins_with_what_there_is(reports, state):
    """The first sentence says how far the study is and what the baseline came to."""
    assert sentences_of(reports(state).sections, "answer")[0] == ANSWERS[state]


RESERVATIONS = {
    "official": (),
    "modified copy, first batch": ("This copy is not the official one.",),
    "complete": ("These images were drawn by the program.",),
    "half": (
        "These images were drawn by the program.",
        "1 of 9 runs failed: “deeper” (seed 2). The first: MemoryError: cannot allocate 3 GB.",
        "1 of 9 runs is not at an end: “deeper” (seed 1).",
        "3 of 9 runs are missing: “shallow” (seeds 0 to 2).",
    ),
    "one diverged run": (
        "These images were drawn by the program.",
        "The only run of “baseline” diverged (seed 0), and did not learn.",
    ),
    "a variation diverged": (
        "These images were drawn by the program.",
        "3 of 3 runs of “deeper” diverged (seeds 0 to 2), and did not learn.",
    ),
}


@pytest.mark.parametrize("state", RESERVATIONS)
def test_what_is_missing_or_odd_is_said_first(reports, state):
    """Images that are not the official ones, and runs that failed, diverged or are missing, come before any number."""
    report = reports(state)

    assert sentences_of(report.sections, "reservations") == RESERVATIONS[state]
    text = report.text.read_text(encoding="utf-8")
    assert ("## Warnings" in text) is bool(RESERVATIONS[state])


def test_first_batch_and_modified_copy_are_kept_in_mind(reports):
    """The limitations say what the images are and on how few of them networks were trained."""
    limitations = sentences_of(reports("modified copy, first batch").sections, "caveats")

    assert limitations[:2] == (
        (
            "The images are a modified copy of the official ones: accuracies can be compared with each other, not with "
            "published ones."
        ),
        (
            "Only the first of 5 training batches was used, so that networks were trained on 40 images: what holds "
            "for few images need not hold for all of them."
        ),
    )
    official = " ".join(sentences_of(reports("official").sections, "caveats"))
    assert "training batches" not in official
    assert "modified copy" not in official


def test_hostile_names_are_text(reports):
    """Whatever a study is called stands on the page letter by letter, and is no element there."""
    page = page_of(reports("hostile"))
    text = re.sub(r"\s+", " ", "".join(page.text).replace("\N{NO-BREAK SPACE}", " "))

    sources = [value for tag, name, value in page.attributes if tag == "img" and name == "src"]
    assert all(value.startswith("data:image/png;base64,") for value in sources)
    assert [value for tag, _, value in page.attributes if tag == "b"] == []
    assert sum(tag == "script" for tag, *_ in page.attributes) == 0
    for name in (f"Title {HOSTILE}", f"Question {HOSTILE}", f"Note {HOSTILE}", HOSTILE[:80].strip(), "w" * 80):
        assert name in text
    assert "</style><img src=http://example.com/x>" in text


def test_all_states_are_covered():
    """The states that a user may bring a folder into are all among those above."""
    assert {"empty", "half", "one seed", "all diverged", "hostile", "complete"} <= set(STATES)


def test_a_report_of_many_variations_shows_the_best_and_the_worst(folders, monkeypatch, tmp_path):
    """Every table and figure of arms has these two and the baseline, all others are in verdicts.json."""
    every = publish(analyze(read_results(folders("complete"))), out=tmp_path / "all")
    monkeypatch.setattr(analysis, "MOST_SHOWN", 2)
    few = publish(analyze(read_results(folders("complete"))), out=tmp_path / "few")

    known, shown = {"baseline", "deeper", "shallow", "tanh", "noisy"}, {"baseline", "deeper", "shallow"}
    before, after = tables_of(every.sections), tables_of(few.sections)
    for name, table in after.items():
        arms = {row[0].text for row in table.rows} & known
        assert arms <= shown, name
        assert {row[0].text for row in before[name].rows} & known in (set(), known, known - {"baseline"}, arms), name
    note = "2 of 4 variations are shown here, the best and the worst by test accuracy; verdicts.json has all."
    noted = {name for name, table in after.items() if note in table.notes}
    assert noted == {
        "verdicts",
        "convergence",
        "details",
        "robustness-checks",
        "other-metrics",
        "metric-differences",
        "runs",
        "training-times",
    }
    assert note in sentences_of(few.sections, "differences")
    assert note in sentences_of(few.sections, "factors")
    assert few.verdicts.read_bytes() == every.verdicts.read_bytes()
    forest, *_ = blocks_of([one for one in few.sections if one.anchor == "differences"], Drawing)
    assert "with simultaneous 95 % intervals over seeds" in forest.alt
    assert not re.search("tanh|noisy", "".join(one.alt for one in blocks_of(few.sections, Drawing)))
