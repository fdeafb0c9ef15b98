import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceteris.study.run import Run, arm_folder
from ceteris.training.training import Training


def run(specification, **changed):
    """Give a run that differs from the usual one in some facts."""
    facts = {"factor": "f", "variation": "v", "seed": 1, "specification": specification, "data_digest": "d" * 64}
    return Run(**(facts | changed))


def test_the_digest_never_changes(specification):
    """The hash of a known run is pinned: if this fails, old results would be trained again, and SCHEMA must say why."""
    assert run(specification).digest == "f2357dba2acde6061c141e747408942cf4210583dbb3c31db81b9df95aa3e567"


def test_names_do_not_decide_the_result(specification):
    """Equal specifications with equal seeds have equal digests, whatever the study calls them."""
    assert run(specification).digest == run(specification, factor="g", variation="w").digest


def test_what_decides_the_result_decides_the_digest(specification):
    """Seed, images and every setting are part of it."""
    other = specification.model_copy(update={"training": Training(learning_rate=0.01, epochs=4)})
    runs = [
        run(specification),
        run(specification, seed=2),
        run(specification, data_digest="e" * 64),
        run(other),
    ]

    assert len({each.digest for each in runs}) == 4


READABLE = {
    "5x5": "5x5",
    "0.0004": "0.0004",
    "leaky ReLU": "leaky-relu",
    "batch norm first": "batch-norm-first",
    "lr = 1e-3 (long)": "lr-1e-3-long",
    "naïve": "naive",
    "größer": "grosser",
    "../../etc/passwd": "etc-passwd",
}
APART = ["Ω rate", "Ψ rate", "Οκτώ", "оκτώ", "八", "...", "-", "con", "nul.txt", "a" * 61, "a" * 62]


@pytest.mark.parametrize("name", READABLE)
def test_folders_read_like_names(name):
    """Plain names become folders that a person recognises."""
    assert arm_folder(name) == READABLE[name]


def test_folders_of_names_that_lose_letters_stay_apart():
    """Letters that cannot be kept, nothing at all, device names and long names get digits of a checksum."""
    folders = [arm_folder(name) for name in APART]

    assert len(set(folders)) == len(APART)
    assert all(re.fullmatch(r"(.*-)?[0-9a-f]{8}", folder) for folder in folders)


@given(st.text(min_size=1, max_size=80))
def test_folders_are_safe_on_every_file_system(name):
    """No folder is empty, hidden, a device, too long, or holds a character that some system refuses."""
    folder = arm_folder(name)

    assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", folder)
    assert len(folder) <= 69
    assert not re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", folder)
