"""Reports of results folders in every state, each made once."""

import os
from unittest import mock

import pytest

from ceteris.report.report import write_report
from tests.states import analyses, copied, folders, no_flushing, state  # noqa: F401 - fixtures


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
