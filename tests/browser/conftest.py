"""A real browser, where there is one; on a machine that builds the project there must be."""

import os
import shutil

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser():
    """Start Chromium once for all tests of a process."""
    executable = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("there is no Chromium, and the pages cannot be checked without it")
        pytest.skip("Chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=executable, args=_SWITCHES)
        yield launched
        launched.close()
