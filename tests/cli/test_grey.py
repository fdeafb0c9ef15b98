"""Images of one channel from the command line: in the official layout, planned, run, looked at, answered, exported."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ceteris.datasets.fashion_mnist import FashionMnist
from ceteris.engines.lanes.kernels import usable_instruction_sets
from ceteris.report.report import write_report
from ceteris.results.results import read_results
from tests.datasets.published_files import OFFERED, small, write

STUDY = """\
title = "Clothes"
seeds = 2
[data]
name = "fashion_mnist"
validation = 0.25
scaling = "standard"
[baseline.network]
layers = [{ conv = 4, kernel = 5, activation = "relu" }, { max_pool = 4 }, { dense = "classes" }]
[baseline.training]
batch_size = 8
epochs = 2
flip = true
crop = 2
[analysis]
margin = 5
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Work beside the study, with a copy of sixty images that CETERIS_DATA names, and which counts as official."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(FashionMnist, "release", small(FashionMnist).release)
    write(tmp_path / "data" / "FashionMNIST" / "raw", OFFERED[FashionMnist])
    monkeypatch.setenv("CETERIS_DATA", str(tmp_path / "data"))
    Path("study.toml").write_text(STUDY)
    Image.new("RGB", (28, 28), "red").save("red.png")
    Image.new("L", (28, 28), 90).save("grey.png")


@pytest.mark.usefixtures("engine")
def test_a_plan_counts_the_images_and_the_parameters_of_one_channel(ceteris):
    """Nothing is read for that: the sizes of the release are known."""
    code, out, err = ceteris("plan", "study.toml")

    assert (code, err) == (0, "")
    assert "on 30 training and 10 validation images of Fashion-MNIST; tested on 20." in " ".join(out.split())
    assert f"{4 * 25 + 4 + 10 * 4 * 36 + 10:,}" in out


@pytest.mark.skipif(not usable_instruction_sets(), reason="the lanes engine is not compiled here")
def test_grey_images_are_grey_everywhere(ceteris):
    """Trained on, drawn, shown to a network as a picture of the user's own, and described with an exported network."""
    code, _, err = ceteris("run", "study.toml", "--engine", "lanes")
    assert (code, err) == (0, "")

    results = read_results("results/study")
    assert results.manifest.images.shape.channels == 1
    assert results.images().shape == (20, 28, 28, 1)
    assert (len(results.manifest.scale), results.manifest.data_origin) == (1, "official")

    report = write_report("results/study")
    assert "Fashion-MNIST" in report.text.read_text()
    assert len(report.pictures) == 1

    code, out, err = ceteris("predict", "results/study/baseline", "red.png", "grey.png", "3", "--format", "jsonl")
    assert code == 0
    told = [json.loads(line) for line in out.splitlines()]
    assert [one.get("notes", []) for one in told] == [["Its colours were made grey."], [], []]
    assert err == (
        "note: 1 of 3 images was in colour and made grey, as the network is made for images of one channel.\n"
    )

    assert ceteris("show", "results/study/baseline", "--image", 2, "--out", "shown.png")[0] == 0
    pixels = np.asarray(Image.open("shown.png").convert("RGB")).astype(int)
    assert np.ptp(pixels, axis=2).max() < 40  # grey, but for the bluish ink of the words

    pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    code, out, err = ceteris("export", "results/study/baseline", "--out", "exported")
    assert code == 0, err
    card = Path("exported/README.md").read_text()
    assert "In: uint8, shape (batch, 1, 28, 28)" in card
    assert "channels in the order grey" in card
