"""The page in a browser; needs Gradio, Playwright and Chromium, and is skipped where one of them is missing."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlparse

import pytest
from PIL import Image

from ceteris.explore.page import HOST, Guard
from ceteris.explore.upload import MOST_FILES

CHROMIUM = shutil.which("chromium")


def answer(folder, *, host, method="GET", path="/"):
    """Send a request through the guard; gives the status and the headers of the answer."""
    sent = []

    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [(b"host", host.encode())]}
    asyncio.run(Guard(app, folder)(scope, None, send))
    return sent[0]["status"], dict(sent[0]["headers"])


def test_the_browser_is_told_to_ask_nobody_else(tmp_path):
    """Every answer carries a policy that lets nothing but this page's own files in."""
    status, headers = answer(tmp_path, host=f"{HOST}:7860")

    assert status == 200
    policy = headers[b"content-security-policy"].decode()
    assert policy.startswith("default-src 'self' ")
    assert "http" not in policy


@pytest.mark.parametrize("host", ["evil.example:7860", "evil.example", f"{HOST}.evil.example:7860", ""])
def test_other_hosts_are_refused(tmp_path, host):
    """A page elsewhere cannot point its own name at this machine and read the answers."""
    assert answer(tmp_path, host=host)[0] == 421


def test_a_flood_of_uploads_is_refused(tmp_path):
    """Only so many files may wait in the temporary folder; looking goes on."""
    for number in range(MOST_FILES):
        (tmp_path / str(number)).touch()

    assert answer(tmp_path, host=f"{HOST}:7860", method="POST", path="/gradio_api/upload")[0] == 429
    assert answer(tmp_path, host=f"{HOST}:7860")[0] == 200


@pytest.fixture
def page(trained_folder, tmp_path):
    """Serve the page from a process of its own; gives its address and its temporary folder's parent."""
    pytest.importorskip("gradio")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TMPDIR": str(temporary),
        "HOME": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "ceteris", "explore", str(trained_folder), "--no-browser"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = next(line for line in process.stdout if line.startswith("The page is at "))
        yield line.split()[4], temporary
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        process.stdout.close()
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_somebody_looks_uploads_and_compares(page, tmp_path):
    """Pick, upload, compare; a hostile upload is refused; no request leaves the machine, and no file stays."""
    playwright = pytest.importorskip("playwright.sync_api")
    address, temporary = page
    Image.new("RGB", (40, 30), (200, 30, 30)).save(tmp_path / "red.png")
    (tmp_path / "hostile.jpg").write_text("<script>alert(1)</script>")
    asked = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        try:
            tab = browser.new_page()
            tab.set_default_timeout(60_000)
            tab.on("request", lambda request: asked.append(request.url))
            tab.goto(address)
            tab.wait_for_selector("#answers table")
            assert "baseline, 3 seeds together" in tab.inner_text("#answers")

            tab.set_input_files("input[type=file]", tmp_path / "red.png")
            tab.wait_for_function("document.querySelector('#answers').innerText.includes('red.png')")
            assert "It was scaled from 30 x 30 to 32 x 32 pixels." in tab.inner_text("#answers")

            tab.get_by_label("Compare with").click()
            tab.get_by_role("option", name="Kernel 1x1").click()
            tab.wait_for_function("document.querySelectorAll('#answers table').length == 2")

            tab.set_input_files("input[type=file]", tmp_path / "hostile.jpg")
            tab.wait_for_function("document.querySelector('#said').innerText.includes('hostile.jpg')")
            assert "red.png" in tab.inner_text("#answers")
        finally:
            browser.close()
    assert {urlparse(url).hostname for url in asked if not url.startswith(("data:", "blob:"))} == {HOST}
    left = [path for path in Path(temporary).rglob("*") if path.suffix in {".png", ".jpg"}]
    assert left == []
