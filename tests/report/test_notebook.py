import re

import pytest

from ceteris.analysis.analysis import Analysis
from ceteris.analysis.comparison import compare_results
from ceteris.analysis.judge import TableAnalysis, judge
from ceteris.analysis.study_analysis import StudyAnalysis
from ceteris.errors import ResultsError
from ceteris.report import notebook
from ceteris.report.notebook import notebook_html
from ceteris.results.results import Results
from ceteris.study.study import Study


def words(html):
    """Give the text of some HTML."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)).strip()


@pytest.fixture
def shown(analyses, reports, monkeypatch):
    """Show each kind of value of a state, by what it is."""

    def show(state):
        analysis = analyses(state)
        monkeypatch.setattr(notebook, "analyze", lambda _: analysis)
        return {
            "study": analysis.manifest.study._repr_html_(),
            "results": analysis.results._repr_html_(),
            "analysis": analysis._repr_html_(),
            "report": reports(state)._repr_html_(),
        }

    return show


@pytest.mark.parametrize("state", ["hostile", "empty", "one seed"])
def test_it_is_short_and_asks_for_nothing(shown, state):
    """Whatever a study is called and has, nothing of it is markup, and no colour is that of a light page alone."""
    for html in shown(state).values():
        assert len(html) < 30_000
        assert set(re.findall(r"<(\w+)", html)) <= {
            *("div", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "span", "br"),
            *("details", "summary"),
        }
        assert not re.search(r"url\(|(?<![-\w])color:(?!inherit)|background:#fff", html)


def test_a_study_shows_what_it_changes(shown):
    """Question, seeds and each arm with its change, computed."""
    assert words(shown("one seed")["study"]) == (
        "What depth does Does a deeper network see more? 3 runs: 3 arms, 1 seed each; images: shapes. "
        "factor arm change, computed baseline depth deeper layer 2 added: conv 3, kernel 1 "
        "depth shallow layer 1 (conv 4): conv 4 \N{RIGHTWARDS ARROW} 2"
    )


def test_an_analysis_shows_warnings_then_the_answer_then_the_table(shown):
    """Results show the same, computed when they are looked at."""
    found = shown("one seed")
    text = words(found["analysis"])
    parts = [
        "What depth does",
        "These images were drawn by the program.",
        "The baseline classified",
        "variation factor",
    ]
    indices = [text.index(part) for part in parts]

    assert indices == sorted(indices)
    assert found["results"] == found["analysis"]


def test_results_without_an_analysis_say_why(analyses, monkeypatch):
    """A file that cannot be read is no traceback in place of a display."""

    def fail(_):
        raise ResultsError("labels.npy is <gone>.")

    monkeypatch.setattr(notebook, "analyze", fail)
    text = words(analyses("one seed").results._repr_html_())

    assert text == "What depth does There is no analysis: labels.npy is &lt;gone&gt;."


def test_a_report_says_where_it_is(shown, reports):
    """Below what stands above its contents, and its first table."""
    text = words(shown("one seed")["report"])

    assert text.startswith("These images were drawn by the program.")
    assert "Each variation against the baseline" in text
    assert text.endswith(
        f"The report: {reports('one seed').page} as text: {reports('one seed').text} "
        f"one row per run: {reports('one seed').table}"
    )


def test_a_comparison_shows_both_sides(folders):
    """Where they are, what differs, the conclusions and the numbers."""
    found = compare_results(folders("one seed"), folders("one variation"))
    text = words(found._repr_html_())

    assert text.startswith(f"What depth does A: {folders('one seed')}: ")
    assert "Test accuracy arm A B" in text


def test_the_rows_of_a_large_study_are_counted(analyses):
    """A notebook shows forty of them."""
    study = analyses("one seed").manifest.study
    levels = [
        {"factor": "rate", "name": f"rate {number}", "set": {"training.learning_rate": number / 1001}}
        for number in range(1, 50)
    ]
    many = Study(**{**{name: getattr(study, name) for name in Study.model_fields}, "variations": tuple(levels)})

    assert words(many._repr_html_()).endswith("and 10 more arms")


def test_a_table_of_results_from_elsewhere_shows_what_was_taken_for_what():
    """Above the answer, where a wrong column would be seen."""
    runs = {"model": ["a"] * 3 + ["b"] * 3, "accuracy": [0.90, 0.91, 0.90, 0.95, 0.94, 0.95]}
    analysis = judge(runs, baseline="a")
    text = words(analysis._repr_html_())

    assert text.startswith(f"{analysis.title} Variation: column &#39;model&#39; (2 arms). Metric: column")
    assert "&#39;b&#39;" not in text[: text.index("The baseline")]
    assert repr(analysis) == f"TableAnalysis({analysis.title!r}: 1 variation, 6 runs)"


def test_a_value_of_another_kind_is_a_mistake_of_ours():
    """Every kind that calls it has a form."""
    with pytest.raises(NotImplementedError, match=r"^a notebook has no form for int$"):
        notebook_html(1)
    forms = notebook_html.registry
    assert {Study, Results, Analysis, StudyAnalysis, TableAnalysis} < set(forms)


def test_values_are_short_as_text_too(analyses, reports, folders):
    """A notebook keeps both, and a log has the text alone."""
    analysis, path = analyses("one seed"), folders("one seed")

    assert repr(analysis) == "StudyAnalysis('What depth does': 2 variations, 3 runs)"
    assert repr(analysis.results) == f"Results('{path}': 3 of 3 runs at an end)"
    assert repr(reports("one seed")) == f"Report('{path / 'report.html'}')"
    assert repr(compare_results(path, folders("one variation"))) == (
        "FolderComparison(A: StudyAnalysis('What depth does': 2 variations, 3 runs), "
        "B: StudyAnalysis('What depth does': 1 variation, 6 runs), 1 arm in both)"
    )
