import csv
import io
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ceteris.inference.ensemble import gather
from ceteris.results.results import read_results
from tests.inference.trained import train, trained_study

NOTE = "note: These images are bands of colour."


@pytest.fixture
def here(tmp_path, monkeypatch, trained_folder):
    """Work beside the results and a folder of six test images as files, two of which cannot be read."""
    monkeypatch.chdir(tmp_path)
    Path("results").symlink_to(trained_folder)
    Path("photos").mkdir()
    for number, pixels in enumerate(read_results(trained_folder).images()[:4]):
        Image.fromarray(pixels).save(f"photos/{number}.png")
    Path("photos/cut.png").write_bytes(Path("photos/0.png").read_bytes()[:200])
    Path("photos/text.jpg").write_text("no image")


@pytest.fixture
def standard_input(monkeypatch):
    """Put bytes on standard input."""

    def put(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))

    return put


def objects(text):
    """Read JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.usefixtures("here")
def test_files_are_answered_as_the_test_images_were(ceteris, trained_folder):
    """The seeds' predictions of the stored test images come out again from files of them, as their mean."""
    results = read_results(trained_folder)
    told = np.stack(
        [results.predictions(one.run).astype(np.float64) for one in results.records if one.run.variation == "baseline"]
    )

    code, out, _ = ceteris("predict", "results/baseline", "photos", "--format", "jsonl", "--top", 10)

    answered = [one for one in objects(out) if "error" not in one]
    assert code == 1
    assert [one["image"] for one in answered] == [f"photos/{number}.png" for number in range(4)]
    for number, one in enumerate(answered):
        assert (one["variation"], one["seeds"], one["notes"]) == ("baseline", [0, 1, 2], [])
        probabilities = [each["probability"] for each in one["classes"]]
        assert probabilities == sorted(probabilities, reverse=True)
        for each in one["classes"]:
            column = told[:, number, "abcdefghij".index(each["class"])]
            assert each["probability"] == pytest.approx(column.mean(), abs=5e-4)
            assert each["standard_deviation"] == pytest.approx(column.std(ddof=1), abs=1e-3)
            assert each["lowest"] == pytest.approx(column.min(), abs=5e-4)
            assert each["highest"] == pytest.approx(column.max(), abs=5e-4)
        assert sum(each["votes"] for each in one["classes"]) == 3


@pytest.mark.usefixtures("here")
def test_what_cannot_be_read_is_said_and_the_rest_goes_on(ceteris):
    """One line each on standard error, the others answered on standard output, and 1 for the shell."""
    code, out, err = ceteris("predict", "results/baseline", "photos", "absent.png", "300", "--format", "csv", "--top=1")

    troubles = [
        "photos/cut.png is cut short or damaged.",
        "photos/text.jpg is text, not a JPEG, PNG, WebP, BMP, GIF or TIFF image.",
        "absent.png cannot be read: no such file or directory.",
        "there is no test image 300; there are 30, counted from 0. For a file of that name write ./300.",
    ]
    assert code == 1
    assert err.splitlines() == [
        NOTE,
        *(f"error: {trouble}" for trouble in troubles),
        "note: 4 images answered, 4 not.",
    ]
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["image"] for row in rows] == [f"photos/{number}.png" for number in range(4)]
    assert {row["rank"] for row in rows} == {"1"}

    _, out, _ = ceteris("predict", "results/baseline", "photos", "absent.png", "300", "--format", "jsonl")
    assert [one["error"] for one in objects(out) if "error" in one] == troubles


@pytest.mark.usefixtures("here")
def test_csv_and_json_lines_say_the_same(ceteris):
    """One row a class, one object an image; a file and a test image with the same pixels get the same answer."""
    _, table, _ = ceteris("predict", "results/kernel-1x1", "photos/2.png", "--format", "csv", "--top", "2")
    _, lines, _ = ceteris("predict", "results/kernel-1x1", "2", "--format", "jsonl", "--top", "2")

    (one,) = objects(lines)
    assert one["image"] == "test image 2"
    assert [
        {"image": "photos/2.png", "rank": str(place), "seeds": "3"} | {name: str(each[name]) for name in each}
        for place, each in enumerate(one["classes"], start=1)
    ] == list(csv.DictReader(io.StringIO(table)))


@pytest.mark.usefixtures("here")
def test_the_table_shows_the_seeds_together(ceteris):
    """A heading that says what is counted, one block an image, and how far the seeds agree."""
    code, out, err = ceteris("predict", "results/baseline", "0", "1", "--top", "2")
    _, lines, _ = ceteris("predict", "results/baseline", "0", "1", "--top", "2", "--format", "jsonl")

    assert (code, err) == (0, f"{NOTE}\n")
    heading, columns, *rows = out.splitlines()
    assert heading == (
        "baseline: mean probability over 3 seeds, the lowest and the highest of a seed, "
        "and how many seeds vote for the class"
    )
    assert columns.split("  ")[0] == "image"
    assert [" ".join(row.split()) for row in rows] == [
        ("" if place else f"{one['image']} ")
        + f"{each['class']} {100 * each['probability']:.1f} % "
        + f"{100 * each['lowest']:.1f} to {100 * each['highest']:.1f} % {each['votes']} of 3"
        for one in objects(lines)
        for place, each in enumerate(one["classes"])
    ]


@pytest.mark.usefixtures("here")
def test_one_seed_answers_alone(ceteris, trained_folder):
    """By the folder of its run or by --seed; there is no spread then, and no vote."""
    path = next(path for path in (trained_folder / "runs/baseline").iterdir() if path.name.startswith("seed-01"))

    code, out, _ = ceteris("predict", path, "0", "--top", "1")
    assert code == 0
    assert out.splitlines()[0] == "baseline, seed 1"
    assert "votes" not in out
    assert ceteris("predict", "results/baseline", "0", "--top", "1", "--seed", "1")[1] == out

    _, out, _ = ceteris("predict", path, "0", "--top", "1", "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["standard_deviation"], row["votes"], row["seeds"]) == ("", "1", "1")


@pytest.mark.usefixtures("here")
def test_an_image_comes_on_standard_input(ceteris, standard_input):
    """`-` is the bytes of one image; what is none is said under the name that it has."""
    _, expected, _ = ceteris("predict", "results/baseline", "photos/1.png", "--format", "csv")
    standard_input(Path("photos/1.png").read_bytes())
    code, out, _ = ceteris("predict", "results/baseline", "-", "--format", "csv")
    assert (code, out) == (0, expected.replace("photos/1.png", "standard input"))

    standard_input(b"no image")
    code, _, err = ceteris("predict", "results/baseline", "-")
    assert code == 1
    assert err.splitlines()[1] == ("error: standard input is text, not a JPEG, PNG, WebP, BMP, GIF or TIFF image.")


@pytest.mark.usefixtures("here")
def test_names_come_from_a_list(ceteris, standard_input):
    """A file or standard input names images, after those on the command line."""
    _, expected, _ = ceteris("predict", "results/baseline", "0", "photos/1.png", "photos/2.png", "--format", "csv")
    Path("names.txt").write_text("photos/1.png\n\nphotos/2.png\n")
    assert ceteris("predict", "results/baseline", "0", "--from", "names.txt", "--format", "csv")[1] == expected

    standard_input(b"\xef\xbb\xbfphotos/1.png\r\nphotos/2.png\n")
    assert ceteris("predict", "results/baseline", "0", "--from", "-", "--format", "csv")[1] == expected


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="names of files are text there")
@pytest.mark.usefixtures("here")
def test_names_that_are_no_text_come_from_a_list_and_from_standard_input_alike(ceteris, standard_input):
    """A file system may hold names in Latin-1; whatever the encoding of the stream, they are found."""
    name = b"photos/caf\xe9.png"
    shutil.copy("photos/1.png", os.fsdecode(name))
    Path("names.txt").write_bytes(name)
    code, expected, _ = ceteris("predict", "results/baseline", "--from", "names.txt", "--format", "csv")

    standard_input(name)

    assert code == 0
    assert ceteris("predict", "results/baseline", "--from", "-", "--format", "csv")[:2] == (0, expected)


@pytest.mark.usefixtures("here")
def test_many_images_are_answered_in_their_order(ceteris, monkeypatch):
    """However many are read ahead and looked at together, answers come in the order of the names."""
    _, expected, _ = ceteris("predict", "results/baseline", *range(25), "--format", "csv")
    monkeypatch.setattr("ceteris.cli.predict._AT_ONCE", 7)

    _, out, _ = ceteris("predict", "results/baseline", *range(25), "--format", "csv")

    names = [row["image"] for row in csv.DictReader(io.StringIO(out)) if row["rank"] == "1"]
    assert names == [f"test image {number}" for number in range(25)]
    assert [row.split(",")[:3] for row in out.splitlines()] == [row.split(",")[:3] for row in expected.splitlines()]


@pytest.mark.usefixtures("here")
def test_a_network_without_an_answer_is_named(ceteris, monkeypatch):
    """Where the sums of a seed overflow, no mean is made of the others in silence."""

    def overflowing(results, findings):
        ensemble = gather(results, findings)
        last = {"layers.7.weight": np.full((10, 12), 3e38, np.float32)}
        return replace(ensemble, weights=(ensemble.weights[0], ensemble.weights[1] | last, ensemble.weights[2]))

    monkeypatch.setattr("ceteris.cli.predict.gather", overflowing)

    code, out, err = ceteris("predict", "results/baseline", "0", "--format", "csv")

    assert (code, len(out.splitlines())) == (1, 1)
    assert err.splitlines()[1] == (
        "error: test image 0: the sums of seed 1 overflow, so that there is no answer. Ask another seed with --seed."
    )


@pytest.mark.usefixtures("here")
def test_an_image_of_another_size_is_brought_to_size_and_that_is_said(ceteris):
    """How many were changed stands on standard error, and how in the JSON lines."""
    Image.open("photos/0.png").resize((90, 60)).save("photos/wide.jpg")

    code, out, err = ceteris("predict", "results/baseline", "photos/wide.jpg", "0", "--format", "jsonl")

    assert code == 0
    assert err.splitlines()[1:] == [
        "note: 1 of 2 images was cut or scaled to the size that the network is made for; --format jsonl says how."
    ]
    assert objects(out)[0]["notes"] == [
        "Of its 90 x 60 pixels, the middle 60 x 60 were taken.",
        "It was scaled from 60 x 60 to 32 x 32 pixels.",
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("results", "0"),
            "results holds 2 variations. Name one of them: results/baseline or results/kernel-1x1.",
        ),
        (("results/zzz", "0"), "results has no variation 'zzz'; it has 'baseline' and 'Kernel 1x1'."),
        (
            ("photos", "0"),
            "photos is not a results folder: it has no study.json. Name the folder that `ceteris run` wrote.",
        ),
        (
            ("results/baseline",),
            "no image was named. Give files, folders, numbers of test images, or - for an image on standard input.",
        ),
        (("results/baseline", "0", "--format", "xml"), "--format is 'xml', expected table, csv or jsonl."),
        (
            ("results/baseline", "--from", "absent.txt"),
            "--from absent.txt: no such file or directory. Give a file with one name a line.",
        ),
        (
            ("results/baseline", "-", "--from", "-"),
            "standard input cannot be an image (-) and a list of names (--from -). Leave out one.",
        ),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_mistake_is_answered_in_a_line(ceteris, arguments, says):
    """No traceback: the whole of what is said, and 2 for the shell."""
    assert ceteris("predict", *arguments) == (2, "", f"error: {says}\n")


def test_seeds_without_weights_are_named(ceteris, tmp_path):
    """A variation answers with the seeds that are finished, and says which are not; an only arm needs no name."""
    folder = train(tmp_path / "results", study=trained_study(variation=[]))
    run = read_results(folder).findings[1].run
    run_folder = read_results(folder).folder.run_folder(run).path
    (run_folder / "weights.safetensors").write_bytes(b"damaged")

    code, out, err = ceteris("predict", folder, "0", "--format", "jsonl")

    assert code == 0
    assert objects(out)[0]["seeds"] == [0, 2]
    assert err.splitlines()[1] == "note: 2 of 3 seeds answer; without weights: seed 1 (damaged)."
