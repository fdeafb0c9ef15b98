"""A results folder that version 0.1 wrote stays readable for good: it reports, resumes and compares.

`0.1/photographs` are 60 images of noise, a shade of blue, green or red; `0.1/first-study` are the results of
`0.1/study.toml` on them: a baseline, a variation that learned, one that diverged in every run, one that failed in every
run (trained with `--engine torch`), and a head on a backbone with random weights, which are not kept. Trained on Intel
AVX-512 with PyTorch 2.14.1. The files were written once and are never written again.
"""

import csv
import hashlib
import json
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

from ceteris.cli.application import main

KEPT = Path(__file__).parent / "0.1"
LISTING_SHA256 = "f01c51a23b3395f7e2d2b48e6856f8cdaef0cb8a000245ec852fc4c574d2fb11"
FINISHED, DIVERGED, FAILED = "finished", "diverged", "failed"


@pytest.fixture
def old(tmp_path):
    """Give a copy of everything, which may be changed."""
    return Path(shutil.copytree(KEPT, tmp_path / "old"))


@pytest.fixture
def ceteris(old, monkeypatch, capsys):
    """Run a command in the folder of the copy, which ends with a code, and give what it printed on standard output."""
    monkeypatch.chdir(old)
    monkeypatch.setenv("XDG_CACHE_HOME", str(old / "cache"))
    monkeypatch.setenv("CETERIS_WEIGHTS", "")

    def call(*arguments, code=0):
        monkeypatch.setattr(sys, "argv", ["ceteris", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        assert (left.value.code or 0) == code, err
        return out

    return call


def contents(folder, *names):
    """Read the files of every run that have one of these names."""
    return {path.relative_to(folder): path.read_bytes() for name in names for path in folder.glob(f"runs/*/*/{name}")}


def rows(folder):
    """Read the table of runs."""
    with (folder / "results.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_kept_files_are_the_ones_that_were_written():
    """A fixture that somebody wrote again by accident would prove nothing."""
    files = sorted(path for path in KEPT.rglob("*") if path.is_file())
    listing = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.relative_to(KEPT).as_posix()}\n" for path in files
    )

    assert (
        hashlib.sha256(listing.encode()).hexdigest()
        == "f01c51a23b3395f7e2d2b48e6856f8cdaef0cb8a000245ec852fc4c574d2fb11"
    )


def test_it_reports(ceteris, old):
    """Every run is counted with the status and the accuracy that its own file holds."""
    stored = {
        (path.parent.parent.name, facts["seed"]): (facts["status"], facts["test_accuracy"])
        for path in old.glob("first-study/runs/*/*/result.json")
        for facts in [json.loads(path.read_bytes())]
    }

    ceteris("report", "first-study")

    found = rows(old / "first-study")
    assert Counter(row["status"] for row in found) == {FINISHED: 9, DIVERGED: 3, FAILED: 3}
    for row in found:
        folder = row["variation"].replace(" ", "-").lower()
        status, accuracy = stored.get((folder, int(row["seed"])), (FAILED, None))
        assert row["status"] == status
        assert row["test_accuracy"] == ("" if accuracy is None else str(accuracy))
    page = (old / "first-study" / "report.html").read_text()
    assert all(name in page for name in ("SGD that diverges", "batch norm that fails", "head"))


def test_it_resumes(ceteris, old):
    """One more seed trains that seed only; the exit code tells that runs have failed, those from before."""
    study = old / "study.toml"
    before = contents(old / "first-study", "result.json", "predictions.npy", "weights.safetensors")
    study.write_text(study.read_text().replace("seeds = 3", "seeds = 4"))

    ceteris("run", "study.toml", "--out", "first-study", "--only", "baseline", "--only", "0.001", code=1)

    after = contents(old / "first-study", "result.json", "predictions.npy", "weights.safetensors")
    new = {path.parent.name.partition("-")[2][:2] for path in after.keys() - before.keys()}
    assert {path: after.get(path) for path in before} == before
    assert new == {"03"}
    assert len(after) == len(before) + 2 * 3


def test_it_compares(ceteris, old):
    """Set beside a copy of itself, every finished run is the same run with the same bits."""
    shutil.copytree(old / "first-study", old / "copy")

    printed = ceteris("compare", "first-study", "copy")

    assert "12 of 12 pairs" in " ".join(printed.split())
