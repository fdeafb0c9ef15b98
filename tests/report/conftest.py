"""Reports of results folders in every state, each made once."""

import os
import sys
from pathlib import Path
from unittest import mock

import pytest

from states import analyses, copied, folders, no_flushing, state  # noqa: F401 - fixtures

sys.path.insert(0, str(Path(__file__).parent))  # for helpers of this room's tests

from ceteris.report.report import write_report


@pytest.fixture(scope="session")
def reports(folders):  # noqa: F811
    """Give the report of a state, written into its folder once."""
    made = {}

    def give(name: str):
        if name not in made:
            with mock.patch.object(os, "fsync"):
                made[name] = write_report(folders(name))
        return made[name]

    return give
