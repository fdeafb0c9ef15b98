"""Reports of results folders in every state, each made once."""

import os
import shutil
import sys
from pathlib import Path
from unittest import mock

import pytest

# The made-up study and its states are modules, not fixtures, because tests of the command line use them too.
sys.path.insert(0, str(Path(__file__).parent))

from states import STATES

from ceteris.report.account import give_account
from ceteris.report.report import write_report
from ceteris.results.results import read_results


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Give the results folder of a state; it is made once, so leave it as it is."""
    made = {}

    def give(state: str) -> Path:
        if state not in made:
            made[state] = STATES[state](tmp_path_factory.mktemp("state") / "results")
        return made[state]

    return give


@pytest.fixture(scope="session")
def reports(folders):
    """Give the report of a state, written into its folder once."""
    made = {}

    def give(state: str):
        if state not in made:
            with mock.patch.object(os, "fsync"):
                made[state] = write_report(folders(state))
        return made[state]

    return give


@pytest.fixture(scope="session")
def accounts(folders):
    """Give the account of a state."""
    made = {}

    def give(state: str):
        if state not in made:
            made[state] = give_account(read_results(folders(state)))
        return made[state]

    return give


@pytest.fixture
def copied(folders, tmp_path):
    """Copy the results folder of a state, for a test that changes it."""

    def copy(state: str) -> Path:
        return Path(shutil.copytree(folders(state), tmp_path / "results"))

    return copy


@pytest.fixture(params=STATES)
def state(request):
    """Go through all states."""
    return request.param


@pytest.fixture(autouse=True)
def no_flushing(monkeypatch):
    """Leave out waiting for the disk, which changes nothing that a test can see."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
