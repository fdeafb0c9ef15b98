import re

import numpy as np
import pytest
from miniature import miniature_dataset, miniature_split, miniature_study

from ceteris.errors import ResultsError
from ceteris.explore.explorer import Explorer, Subject
from ceteris.runs.folder import ResultsFolder
from ceteris.runs.manifest import Manifest
from ceteris.runs.results import read_results


def test_the_answers_of_all_seeds_are_their_mean(explorer):
    """A table a variation, with the lowest and highest of a seed and the votes, as the stored predictions say."""
    text = explorer.answers(explorer.test_image(3), ["baseline", "Kernel 1x1", "baseline"], None)

    assert re.findall(r"<caption>(.*?)</caption>", text) == [
        "baseline, 3 seeds together",
        "Kernel 1x1, 3 seeds together",
    ]
    results = explorer.results
    told = np.stack(
        [results.predictions(one.run)[3].astype(float) for one in results.records if one.run.variation == "baseline"]
    )
    rows = re.findall(r"<td>(\w)</td><td>([\d.]+) %</td><td>([\d.]+) to ([\d.]+) %</td><td>(\d) of 3</td>", text)
    assert len(rows) == 10
    for name, mean, low, high, votes in rows[:5]:
        column = told[:, "abcdefghij".index(name)]
        found = [float(mean), float(low), float(high)]
        assert found == pytest.approx([100 * column.mean(), 100 * column.min(), 100 * column.max()], abs=0.11)
        assert int(votes) == (told.argmax(axis=1) == "abcdefghij".index(name)).sum()


def test_one_seed_answers_alone(explorer):
    """Without spread and votes; a seed that is not there is said."""
    text = explorer.answers(explorer.test_image(0), ["baseline"], 2)

    assert "baseline, seed 2" in text
    assert "votes" not in text
    assert "baseline has no finished seed 9." in explorer.answers(explorer.test_image(0), ["baseline"], 9)


def test_every_picture_is_in_the_page_itself(explorer):
    """Images, feature maps and curves are data, so that the page asks for nothing; each has words in its place."""
    subject = explorer.test_image(1)
    pages = [
        explorer.answers(subject, ["baseline"], None),
        explorer.portrait(subject, "baseline", None, 1),
        explorer.curves(["Kernel 1x1"]),
    ]

    for page in pages:
        assert re.findall(r'src="(.{22})', page) == ["data:image/png;base64,"] * page.count("<img")
        assert page.count("<img") == len(re.findall(r'alt="[^"]{10,}"', page)) == 1
        assert "http" not in page


def test_names_are_text_and_not_markup(explorer):
    """Whatever a file is called, the page shows it as it is."""
    subject = Subject(pixels=explorer.images[0], name='<img src=x onerror="alert(1)">', notes=("<b>",))

    text = explorer.answers(subject, ["baseline"], None)

    assert "<img src=x" not in text
    assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;" in text
    assert "&lt;b&gt;" in text


def test_layers_are_named_convolutions_first(explorer):
    """By their place, which stays that of the network."""
    names = explorer.layers("baseline")

    assert names[0].startswith("1: conv 5")
    assert names[1].startswith("4: conv 4")
    assert len(names) == 8
    assert "has no layer" in explorer.portrait(explorer.test_image(0), "baseline", 0, 12)


def test_a_test_image_is_named_with_its_class(explorer):
    """A number beyond the last image gives the last."""
    assert explorer.test_image(4).name == "test image 4, e"
    assert explorer.test_image(10_000).name == "test image 29, j"


def test_there_is_nothing_to_explore_before_training(tmp_path):
    """A folder whose runs are all missing is answered in a sentence."""
    dataset = miniature_dataset()
    folder = tmp_path / "results"
    ResultsFolder(folder).prepare(Manifest.of(miniature_study(), dataset, miniature_split(dataset)), dataset.test)

    with pytest.raises(ResultsError) as error:
        Explorer(read_results(folder))

    assert str(error.value) == (
        f"{folder}: no network of layers is trained yet, so that there is nothing to explore. "
        f"`ceteris status {folder}` shows how far the runs are."
    )
