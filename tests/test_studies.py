"""The studies that are shipped: each is explained, and trained on a few images of the kind that it names."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

import ceteris
from ceteris.datasets.dataset import Dataset, LabelledImages, Origin, as_labels, sealed
from ceteris.execution.engines import choose_engines, find_backbones
from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import run_study
from ceteris.results.results import read_results

STUDIES = Path(__file__).parents[1] / "studies"
FILES = sorted(STUDIES.glob("*.toml"))
DECLARED = re.compile(r"^(seeds|baseline_seeds|validation) = .*\n", re.MULTILINE)


def few_images(study):
    """Give images of noise of the size that a study names: one of each class validates, one is in each share."""
    kind = study.data.source.known(study.data)
    shares = [arm.specification.data.fraction for arm in study.arms()]
    each = round(2 / min(shares))
    generator = np.random.default_rng(1)
    size = (kind.shape.height, kind.shape.width, kind.shape.channels)
    training, test = (
        sealed(
            LabelledImages(
                images=generator.integers(0, 256, (count * kind.classes, *size), dtype=np.uint8),
                labels=as_labels(np.arange(count * kind.classes) % kind.classes),
            )
        )
        for count in (each, 2)
    )
    return Dataset(
        name=study.data.name,
        training=training,
        test=test,
        class_names=tuple(f"class {label}" for label in range(kind.classes)),
        digest=hashlib.sha256(study.data.name.encode()).hexdigest(),
        origin=Origin.MODIFIED,
        source="noise",
        notes=("These images are noise.",),
    )


def test_every_study_has_a_paragraph():
    """The page names each file, and no other."""
    named = re.findall(r"\*\*\[([\w-]+\.toml)\]\(\1\)\*\*", (STUDIES / "README.md").read_text())

    assert sorted(named) == [file.name for file in FILES]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_study_runs_on_a_few_images(tmp_path, file):
    """Every arm of it is trained to its end by the engines that plan names; pretrained ones are skipped here."""
    text = DECLARED.sub("", file.read_text())
    if "warmup_epochs" not in text:  # schedules must fit into the training
        few = 4 if 'schedule = "one_cycle"' in text else 2  # steps, which are to rise and to fall
        text = re.sub(r"^epochs = \d+", f"epochs = {few}", text, flags=re.MULTILINE)
        text = re.sub(r'"training.epochs" = \d+', '"training.epochs" = 3', text)
    (tmp_path / "study.toml").write_text(text.replace("\n[data]", "\nseeds = 1\n\n[data]\nvalidation = 0.5", 1))
    study = ceteris.read_study(tmp_path / "study.toml")
    dataset = few_images(study)
    (tmp_path / "weights").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CETERIS_WEIGHTS", str(tmp_path / "weights"))  # holds none
        backbones = find_backbones(study, base=tmp_path)
    if "baseline" in backbones.skipped:
        pytest.skip("all of it is pretrained; tests/engines/transfer trains such networks")

    list(
        run_study(
            study,
            dataset,
            folder=tmp_path / "results",
            engines=(*choose_engines("auto").engines, *backbones.engines),
            executor=LocalExecutor(threads=1),
            skipped=backbones.skipped,
        )
    )

    statuses = {one.run.variation: one.status.value for one in read_results(tmp_path / "results").findings}
    assert set(statuses) == {arm.name for arm in study.arms()}
    assert {name for name, status in statuses.items() if status == "skipped"} == set(backbones.skipped)
    assert set(statuses.values()) <= {"finished", "skipped", "diverged"}
