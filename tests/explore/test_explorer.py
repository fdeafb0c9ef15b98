import re
import shutil

import numpy as np
import pytest

from ceteris.errors import ResultsError
from ceteris.explore.explorer import Explorer, Subject
from ceteris.inference.ensemble import ensemble_probabilities
from ceteris.results.folder import ResultsFolder
from ceteris.results.manifest import Manifest
from ceteris.results.results import read_results
from ceteris.testing.miniature import miniature_dataset, miniature_split, miniature_study


def test_the_answers_of_all_seeds_are_their_mean(explorer):
    """A table a variation, with the lowest and highest of a seed and the votes, as the stored predictions say."""
    text = explorer.answers(explorer.test_image(3), ["baseline", "Kernel 1x1", "baseline"], None)

    assert re.findall(r"<h2>(.*?)</h2>", text) == [
        "baseline, 3 seeds together",
        "Kernel 1x1, 3 seeds together",
    ]
    results = explorer.results
    told = np.stack(
        [results.predictions(one.run)[3].astype(float) for one in results.records if one.run.variation == "baseline"]
    )
    cell = "<td class='number'>"
    numbers = rf"{cell}([\d.]+) %</td>{cell}([\d.]+) to ([\d.]+) %</td>{cell}(\d) of 3</td>"
    rows = re.findall(rf"<tr[^>]*><td>(\w)</td><td>.*?</td>{numbers}", text)
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
    answers = explorer.answers(subject, ["baseline"], None)
    assert re.findall(r'src="(.{22})', answers) == ["data:image/png;base64,"]
    assert 'alt="test image 1, b"' in answers
    assert "http" not in answers

    for page in (explorer.inside(subject, "baseline", None, explorer.layers("baseline")[0]), explorer.curves([])):
        assert len(re.findall(r'<svg [^>]*aria-label="[^"]{10,}"', page)) == 1
        targets = re.findall(r'(?:href|src)="(?!#)(.{22})', page)
        assert set(targets) <= {"data:image/png;base64,"}


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
    assert "baseline has no layer &#x27;12: conv 5&#x27;. Choose one from the list." in explorer.inside(
        explorer.test_image(0), "baseline", 0, "12: conv 5"
    )


def test_every_variation_shows_its_own_layers(explorer):
    """Of the seed that was asked for, else of the first; a seed that is not there is said."""
    (name,) = set(explorer.layers("Kernel 1x1")[:2]) - set(explorer.layers("baseline"))

    text = explorer.inside(explorer.test_image(0), "Kernel 1x1", 2, name)

    assert "<h2>Kernel 1x1, seed 2</h2>" in text
    assert "kernel 1" in text
    assert "<h2>Kernel 1x1, seed 0</h2>" in explorer.inside(explorer.test_image(0), "Kernel 1x1", None, name)
    assert "Kernel 1x1 has no finished seed 9." in explorer.inside(explorer.test_image(0), "Kernel 1x1", 9, name)


def test_the_answer_to_a_test_image_is_right_or_wrong(explorer):
    """Against the class of the image; of a picture of somebody's own nothing is said."""
    results = explorer.results
    told = np.mean([results.predictions(one.run) for one in results.records if one.run.variation == "baseline"], axis=0)
    for number in range(len(told)):
        says, is_ = "abcdefghij"[told[number].argmax()], "abcdefghij"[results.labels()[number]]
        verdict = "Right" if says == is_ else "Wrong"
        text = explorer.answers(explorer.test_image(number), ["baseline"], None)
        assert f"<p>{verdict}: they say {says}, and it is {is_}.</p>" in text

    own = explorer.answers(Subject(pixels=explorer.images[0], name="mine.png"), ["baseline"], None)
    assert "Right" not in own
    assert "Wrong" not in own


def test_mistakes_follow_each_other(explorer):
    """All that the stored answers show, one after the other, and then the first again; of one seed its own."""
    results = explorer.results
    for seeds in ((0, 1, 2), (1,)):
        told = np.mean(
            [results.predictions(one.run).astype(float) for one in results.records
             if one.run.variation == "baseline" and one.run.seed in seeds], axis=0)  # fmt: skip
        wrong = np.flatnonzero(told.argmax(axis=1) != results.labels()).tolist()
        seed = None if len(seeds) > 1 else seeds[0]
        found, after = [], -1
        for _ in range(len(wrong) + 1):
            after = explorer.next_mistake("baseline", seed, after)
            found.append(after)
        assert wrong
        assert found == [*wrong, wrong[0]]
    assert explorer.next_mistake("baseline", 9, 0) is None


def test_every_seed_shows_where_it_looked(explorer):
    """For the class that all of them put first, beside each other; one seed alone for its own."""
    pytest.importorskip("captum")
    text = explorer.attention(explorer.test_image(3), ["baseline", "Kernel 1x1"], None)

    assert re.findall(r'alt="(seed \d)', text) == ["seed 0", "seed 1", "seed 2"] * 2
    heads = re.findall(
        r"<h2>(.*?): what spoke for (\w) at (.*?), its last convolution, which has \d+ x \d+ places.</h2>", text
    )
    assert [head[::2] for head in heads] == [
        (arm, "layer 4 (conv 4, kernel 5, padding same, tanh)") for arm in ("baseline", "Kernel 1x1")
    ]
    first = re.findall(r"they say (\w)", explorer.answers(explorer.test_image(3), ["baseline", "Kernel 1x1"], None))
    assert [head[1] for head in heads] == first


def test_a_test_image_is_named_with_its_class(explorer):
    """A number that no test image has is refused with those that there are."""
    assert explorer.test_image(4).name == "test image 4, e"
    for number in (-1, 30, 99_999):
        with pytest.raises(ResultsError) as error:
            explorer.test_image(number)
        assert str(error.value) == f"there is no test image {number}; they are numbered from 0 to 29."


def test_there_is_nothing_to_explore_before_training(tmp_path):
    """A folder whose runs are all missing is answered in a sentence."""
    dataset = miniature_dataset()
    folder = tmp_path / "results"
    ResultsFolder(folder).prepare(Manifest.of(miniature_study(), dataset, miniature_split(dataset)), dataset.test)

    with pytest.raises(ResultsError) as error:
        Explorer(read_results(folder))

    assert str(error.value) == (
        f"{folder}: no network is trained yet, so that there is nothing to explore. "
        f"`ceteris status {folder}` shows how far the runs are."
    )


@pytest.fixture(scope="module")
def pretrained(heads_folder):
    """Give what the page is made from of a study with pretrained backbones."""
    return Explorer(read_results(heads_folder))


def test_a_pretrained_network_stands_beside_a_small_one(pretrained):
    """On the same image: answers, places of each seed, and layers by their names in torchvision."""
    subject, arms = pretrained.test_image(3), ["baseline", "mobilenet_v2"]
    assert pretrained.layers("mobilenet_v2")[:3] == (
        "features.0.0: the first convolution",
        "features.0: block 1",
        "features.1: block 2",
    )
    assert (pretrained.layers("resnet18")[0], len(pretrained.layers("resnet18"))) == (
        "conv1: the first convolution",
        10,
    )

    answers = pretrained.answers(subject, arms, None)
    assert re.findall(r"<h2>(.*?)</h2>", answers) == [f"{arm}, 2 seeds together" for arm in arms]
    assert answers.count("<figure>") == 1
    drawn = pretrained.inside(subject, "mobilenet_v2", 1, "features.0.0: the first convolution", narrow=True)
    assert "Output of features.0.0 (conv 32, kernel 3, stride 2)" in drawn
    assert "The image as the pretrained network sees it" in drawn
    assert "Output of features.3 (InvertedResidual)" in pretrained.inside(
        subject, "mobilenet_v2", None, "features.3: block 4"
    )
    pytest.importorskip("captum")
    looked = pretrained.attention(subject, arms, None)
    assert re.findall(r'alt="(seed \d)', looked) == ["seed 0", "seed 1"] * 2
    assert "at features.18, its last block, which has 2 x 2 places.</h2>" in looked


def test_one_of_several_seeds_answers_as_all_of_them_do(pretrained):
    """A network that is taken out of its variation gives the same probabilities as among the others."""
    ensemble, images = pretrained.ensemble("mobilenet_v2"), pretrained.images[:2]

    together = ensemble_probabilities(ensemble, images)
    np.testing.assert_array_equal(ensemble_probabilities(ensemble.alone(1), images)[0], together[1])


def test_missing_weights_are_said_in_place_of_every_picture(pretrained, tmp_path, monkeypatch):
    """The other variation is shown as ever."""
    copied = tmp_path / "results" / "study"
    shutil.copytree(pretrained.results.folder.path, copied)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    explorer, arms = Explorer(read_results(copied)), ["baseline", "mobilenet_v2"]
    subject = explorer.test_image(0)
    missing = "the weights of mobilenet_v2 that it was trained on (SHA-256 "

    answers = explorer.answers(subject, arms, None)
    assert "baseline, 2 seeds together" in answers
    assert missing in answers
    assert missing in explorer.attention(subject, arms[1:], None)
    assert missing in explorer.inside(subject, "mobilenet_v2", None, "features.0: block 1")
