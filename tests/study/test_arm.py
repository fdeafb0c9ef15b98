import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceteris.study.arm import arm_folder

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
