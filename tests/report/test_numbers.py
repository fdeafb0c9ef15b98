import re

import pytest

from ceteris.report.numbers import Number, answer_numbers, spelled
from ceteris.report.sections.answer import answer


def texts_of(numbers):
    """Give what is written, by name."""
    return {one.name: one.text for one in numbers}


def test_every_number_of_the_answer_has_a_name(analyses, state):
    """What the summary says of a study, an article can say with commands alone."""
    analysis = analyses(state)
    known = {number for one in answer_numbers(analysis) for number in re.findall(r"[\d.,]*\d", one.text)}
    names = {name for arm in analysis.summaries for name in (arm.name, arm.factor)}
    for cross in analysis.factorials:
        names |= {cross.cross.name, *(name for i in range(len(cross.shape)) for name in cross.names(i))}
    text = " ".join(answer(analysis))
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "")
    text = re.sub(r"and \d+ more|five|two", "", text)  # the rest of a list that was cut

    assert set(re.findall(r"\d[\d.,]*\d|\d", text)) <= known


def test_names_are_letters_and_unique(analyses, state):
    """As LaTeX wants its commands."""
    names = [one.name for one in answer_numbers(analyses(state))]

    assert [name for name in names if not re.fullmatch("ceteris[A-Z][A-Za-z]*", name)] == []
    assert len(set(names)) == len(names)


def test_the_names_are_these(analyses):
    """An article that was written stays right: a name that goes or changes is a decision."""
    numbers = texts_of(answer_numbers(analyses("one variation")))

    assert numbers == {
        "ceterisStudyPlannedRuns": "6",
        "ceterisStudyRuns": "6",
        "ceterisStudyFailedRuns": "0",
        "ceterisStudyCollapsedRuns": "0",
        "ceterisStudyTestImages": "400",
        "ceterisStudyVariations": "1",
        "ceterisStudyLevel": "95",
        "ceterisStudyMargin": "1.5",
        "ceterisStudyBetter": "0",
        "ceterisStudyWorse": "0",
        "ceterisStudyEquivalent": "1",
        "ceterisStudyUndecided": "0",
        "ceterisStudyNotCompared": "0",
        "ceterisStudyCollapseMoreOften": "0",
        "ceterisStudyCollapseLessOften": "0",
        "ceterisStudyHigherArea": "0",
        "ceterisStudyLowerArea": "0",
        "ceterisBaselineRuns": "3",
        "ceterisBaselineLearned": "3",
        "ceterisBaselineCollapsed": "0",
        "ceterisBaselineMean": "50.33",
        "ceterisBaselineMeanLow": "49.38",
        "ceterisBaselineMeanHigh": "51.28",
        "ceterisTanhRuns": "3",
        "ceterisTanhLearned": "3",
        "ceterisTanhCollapsed": "0",
        "ceterisTanhMean": "50.33",
        "ceterisTanhMeanLow": "49.97",
        "ceterisTanhMeanHigh": "50.69",
        "ceterisTanhDifference": "0.00",
        "ceterisTanhDifferenceLow": "\N{MINUS SIGN}0.62",
        "ceterisTanhDifferenceHigh": "+0.62",
        "ceterisTanhPValue": "p = 1",
        "ceterisTanhVerdict": "equivalent",
        "ceterisTanhArea": "\N{MINUS SIGN}0.01",
        "ceterisTanhAreaLow": "\N{MINUS SIGN}0.74",
        "ceterisTanhAreaHigh": "+0.71",
    }


@pytest.mark.parametrize(
    "names",
    [
        ["a b", "a-b", "a_b"],
        ["Runs", "study", "Study runs", "effect", "Effect a", "baseline", "Baseline b"],
        ["x", "x mean", "x Mean Low", "xMean", "x difference"],
        ["\N{GREEK SMALL LETTER PI}", "\N{GREEK SMALL LETTER RHO}", "!", "1", "0.1", "01", "-1"],
    ],
)
def test_names_that_would_become_one_are_told_apart(names):
    """Each gets letters of its own digest, whatever the order, and so does one that begins like a name of ours."""
    found = spelled(names)

    assert len(set(found.values())) == len(names)
    assert spelled(names[::-1]) == found
    endings = ("Runs", "Learned", "Collapsed", "Mean", "MeanLow", "Difference", "DifferenceLow", "Area", "PValue")
    assert len({f"{one}{ending}" for one in found.values() for ending in endings}) == len(names) * len(endings)
    assert all(re.search("[A-Z]{6}$", one) for one in found.values() if one.startswith(("Study", "Effect", "Baseline")))


def test_accents_are_left_out_of_names():
    """A name in another script than ours has its digest alone."""
    assert spelled(["gr\N{LATIN SMALL LETTER O WITH DIAERESIS}\N{LATIN SMALL LETTER SHARP S}er"]) == {
        "gr\N{LATIN SMALL LETTER O WITH DIAERESIS}\N{LATIN SMALL LETTER SHARP S}er": "Groer"
    }


def test_a_number_stands_in_text_and_in_formulas():
    """Signs are set in either; user text of a verdict is escaped."""
    assert Number(name="a", text="\N{MINUS SIGN}1.50", meaning="").latex == "\\ensuremath{-}1.50"
    assert Number(name="a", text="p = 0.031", meaning="").latex == "\\ensuremath{p = 0.031}"
    assert Number(name="a", text="5 % & more", meaning="").latex == "5 \\% \\& more"
