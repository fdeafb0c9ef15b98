"""The page of `ceteris explore` as somebody meets it, and what its process asks, binds and writes meanwhile."""

import json
import os
import signal
import struct
import subprocess
import sys
import zipfile
import zlib
from contextlib import closing
from pathlib import Path
from urllib.parse import urlparse

import matplotlib as mpl
import pytest
from PIL import Image
from playwright.sync_api import expect

from ceteris.explore.guard import MOST_BYTES

HOST = "127.0.0.1"
PATIENCE = 600_000  # milliseconds until a page that hangs is given up

WATCHED = """
import json, os, sys

out = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def watch(event, arguments):
    if event in ("socket.connect", "socket.bind"):
        what = arguments[1]
    elif event == "socket.getaddrinfo":
        what = arguments[:2]
    elif event == "open" and isinstance(arguments[0], (str, bytes)) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
        what = os.fsdecode(arguments[0])
    else:
        return
    os.write(out, json.dumps([event, what], default=str).encode() + b"\\n")

sys.addaudithook(watch)
sys.argv = ["ceteris", "explore", sys.argv[2], "--no-browser"]
from ceteris.cli.application import main
main()
"""


class Served:
    """A page, where it is, and what its process did."""

    def __init__(self, address, temporary, seen, errors):
        self.address, self.temporary, self._seen, self.errors = address, temporary, seen, errors

    def seen(self, *events):
        """Give what was done, of some kinds."""
        entries = [json.loads(line) for line in self._seen.read_text().splitlines()]
        return [what for event, what in entries if event in events]


@pytest.fixture(scope="module")
def served(tmp_path_factory, trained_folder):
    """Serve the page from a process of its own; a proxy that nobody listens at must not matter."""
    if not os.environ.get("CI"):  # where the project is built, all its parts must be there
        pytest.importorskip("gradio")
    place = tmp_path_factory.mktemp("explored")
    temporary = place / "temporary"
    temporary.mkdir()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLCONFIGDIR": mpl.get_cachedir(),
        "TMPDIR": str(temporary),
        "HOME": str(place),
        "http_proxy": f"http://{HOST}:9",
        "https_proxy": f"http://{HOST}:9",
    }
    with (place / "errors").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", WATCHED, place / "seen", trained_folder],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    try:
        line = next((line for line in process.stdout if line.startswith("The page is at ")), "")
        assert line, "the page did not come up"
        yield Served(line.split()[4], temporary, place / "seen", place / "errors")
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(PATIENCE / 1000)
        process.stdout.close()
    assert code == 128 + signal.SIGTERM
    assert list(temporary.iterdir()) == []


@pytest.fixture
def page(browser, served):
    """Open the page; console messages and requests are kept beside it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    with closing(context):
        opened = context.new_page()
        opened.set_default_timeout(PATIENCE)
        opened.said, opened.asked = [], []
        opened.on("console", lambda message: opened.said.append((message.type, message.text)))
        opened.on("pageerror", lambda error: opened.said.append(("error", str(error))))
        opened.on("request", lambda request: opened.asked.append(request.url))
        opened.goto(served.address)
        opened.locator("#answers table").wait_for()
        yield opened


def until(page, area, text):
    """Wait until an area of the page shows a text."""
    page.locator(area, has_text=text).wait_for()


def choose(page, label, option):
    """Pick from a list."""
    page.get_by_label(label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def errors(page):
    """Give what went wrong in the browser."""
    return [text for kind, text in page.said if kind == "error"]


def test_somebody_looks_uploads_and_compares(page, served, tmp_path):
    """Pick, upload, compare; no request leaves the machine, nothing goes wrong, and no file stays."""
    assert "baseline, 3 seeds together" in page.inner_text("#answers")
    choose(page, "Seed", "1")
    until(page, "#answers", "baseline, seed 1")
    page.get_by_label("Test image, 0 to 29").fill("4")
    until(page, "#answers", "test image 4")
    page.get_by_role("button", name="Next image").click()
    until(page, "#answers", "test image 5")
    page.get_by_role("button", name="Next mistake").click()
    until(page, "#answers", "Wrong: it says")

    Image.new("RGB", (40, 30), (200, 30, 30)).save(tmp_path / "red.png")
    page.set_input_files("input[type=file]", tmp_path / "red.png")
    until(page, "#answers", "red.png")
    expect(page.get_by_label("Test image, 0 to 29")).to_have_value("")
    assert "It was scaled from 30 x 30 to 32 x 32 pixels." in page.inner_text("#answers")

    choose(page, "Compare with", "Kernel 1x1")
    until(page, "#answers", "Kernel 1x1, seed 1")
    assert page.locator("#answers table").count() == 2
    first, second = (page.locator("#answers .answer").nth(place).bounding_box() for place in range(2))
    assert first["y"] == second["y"], "the second variation stands beside the first"
    page.get_by_role("tab", name="Layers").click()
    until(page, "#inside", "Kernel 1x1, seed 1")
    page.get_by_label("Layer of Kernel 1x1").click()
    page.get_by_role("option", name="4: conv 4, kernel 5").click()
    until(page, "#inside", "Output of layer 4")
    page.get_by_role("tab", name="Learning").click()
    page.locator("#curves svg[role=img]").wait_for()

    assert {urlparse(url).hostname for url in page.asked if not url.startswith(("data:", "blob:"))} == {HOST}
    assert errors(page) == []
    assert [path for path in served.temporary.rglob("*") if path.is_file()] == []


def test_a_number_of_no_test_image_is_answered_on_the_page(page, served):
    """In a sentence of ours, which goes away with the next number; the terminal shows no traceback."""
    number = page.get_by_label("Test image, 0 to 29")
    for typed, message in (
        ("99999", "there is no test image 99999; they are numbered from 0 to 29."),
        ("-1", "there is no test image -1; they are numbered from 0 to 29."),
        ("1.5", "'1.5' is not the number of a test image. Give a whole number."),
    ):
        number.fill(typed)
        until(page, "#said", message)
        assert "test image 0" in page.inner_text("#answers")
    number.fill("3")
    until(page, "#answers", "test image 3")
    expect(page.locator("#said")).to_have_text("")
    assert errors(page) == []
    assert "Traceback" not in served.errors.read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_and_a_narrow_window_scrolls_nothing(page, scheme):
    """Notes differ from their ground by 7 to 1 in either scheme, and nothing is wider than a telephone."""
    page.emulate_media(color_scheme=scheme)
    page.reload()
    page.locator("#answers table").wait_for()
    ink = page.locator(".note").first.evaluate("note => getComputedStyle(note).color")
    paper = page.locator(".note").first.evaluate(
        "note => { while (getComputedStyle(note).backgroundColor === 'rgba(0, 0, 0, 0)') note = note.parentElement;"
        "return getComputedStyle(note).backgroundColor; }"
    )
    lights = sorted(luminance(colour) for colour in (ink, paper))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 7

    page.set_viewport_size({"width": 380, "height": 800})
    page.wait_for_function("document.documentElement.scrollWidth <= 380")
    inner, outer = page.locator("#answers .table").evaluate("table => [table.scrollWidth, table.clientWidth]")
    assert inner <= outer, "the votes are cut off"

    page.get_by_role("tab", name="Learning").click()
    page.locator("#curves svg[role=img]").wait_for()
    sizes = page.eval_on_selector_all(
        "#curves svg text", "all => all.map(one => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"
    )
    assert min(sizes) >= 9
    page.wait_for_function("document.documentElement.scrollWidth <= 380")


def luminance(colour):
    """Give the relative luminance of `rgb(1, 2, 3)`, as WCAG 2.2 defines it."""
    parts = [int(part) / 255 for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_keyboard_alone_suffices(page):
    """Tab reaches every control in its order; arrows and Enter choose from a list."""
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("(document.activeElement.ariaLabel ?? '') + document.activeElement.innerText"))
        if reached[-1].startswith("Compare with"):
            option = page.get_by_role("option", name="Kernel 1x1")
            for _ in range(6):
                page.keyboard.press("ArrowDown")
                page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
                if "active" in option.get_attribute("class").split():
                    break
            page.keyboard.press("Enter")
            expect(page.get_by_label("Compare with", exact=True)).to_have_value("Kernel 1x1", timeout=PATIENCE)
            until(page, "#answers", "Kernel 1x1, 3 seeds together")
        if "Learning" in reached[-1]:
            break
    until(page, "#answers", "Kernel 1x1, 3 seeds together")
    wanted = [
        "Variation",
        "Compare with",
        "Seed",
        "Test image",
        "Next image",
        "Next mistake",
        "upload",
        "Where it looked",
    ]
    assert all(any(name.lower() in one.lower() for one in reached) for name in wanted), reached


def chunk(kind, data):
    """Write a part of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def hostile(folder):
    """Write files that are no pictures, and give what the page must say of each."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(7501 * 2000), 9))
    (folder / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b""))
    Image.new("RGB", (300, 200), (9, 99, 9)).save(folder / "cut.jpg")
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:-600])
    (folder / "page.jpg").write_text("<html><script>alert(1)</script></html>")
    (folder / "drawing.png").write_text('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')
    with zipfile.ZipFile(folder / "archive.gif", "w") as archive:
        archive.writestr("picture.gif", "GIF89a")
    return {
        "bomb.png": "has more than 100 million pixels.",
        "cut.jpg": "is cut short or damaged.",
        "page.jpg": "is a web page, not a JPEG, PNG, WebP, BMP, GIF or TIFF image.",
        "drawing.png": "is an SVG drawing, not a JPEG, PNG, WebP, BMP, GIF or TIFF image.",
        "archive.gif": "is a zip archive, not a JPEG, PNG, WebP, BMP, GIF or TIFF image.",
    }


def test_hostile_uploads_are_refused_in_a_sentence(page, served, tmp_path):
    """What was looked at stays, no file does, and the next picture is read as if nothing had been."""
    before = page.inner_text("#answers")
    for name, reason in hostile(tmp_path).items():
        page.set_input_files("input[type=file]", tmp_path / name)
        until(page, "#said", name)
        assert page.inner_text("#said") == f"{name} {reason} Give a whole picture in JPEG, PNG, WebP, BMP, GIF or TIFF."
        page.locator("input[type=file]").wait_for(state="attached")
    assert page.inner_text("#answers") == before
    assert page.locator("#said [role=alert]").count() == 1
    assert errors(page) == []
    assert [path for path in served.temporary.rglob("*") if path.is_file()] == []

    Image.new("RGB", (32, 32)).save(tmp_path / "good <b>.png")
    page.set_input_files("input[type=file]", tmp_path / "good <b>.png")
    until(page, "#answers", "good b.png")
    assert page.inner_text("#said") == ""

    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    page.locator("input[type=file]").wait_for(state="attached")
    page.set_input_files("input[type=file]", tmp_path / "large.png")
    page.get_by_text('File(s) exceed the maximum allowed size of 20.0 Mb: "large.png"').wait_for()
    assert "good b.png" in page.inner_text("#answers")


def test_the_server_gives_no_file_away(page, served, tmp_path):
    """Neither one of this machine nor an address that it should fetch; other names of this machine get nothing."""
    (tmp_path / "secret.txt").write_text("secret")
    for path in (
        f"gradio_api/file={tmp_path / 'secret.txt'}",
        f"gradio_api/file={Path.cwd() / 'pyproject.toml'}",
        "gradio_api/file=https://example.org/",
        "gradio_api/info",
        "static/../../../gradio/__init__.py",
    ):
        assert page.request.get(served.address + path).status == 404
    assert page.request.get(served.address, headers={"host": "evil.example"}).status == 421
    outcome = page.request.post(
        served.address + "gradio_api/upload",
        multipart={"files": {"name": "a.png", "mimeType": "image/png", "buffer": b"x"}},
        headers={"origin": "https://evil.example"},
    )
    assert (outcome.status, outcome.text()) == (403, "a page from elsewhere may not use this one")


def test_the_process_asks_nobody_listens_here_alone_and_writes_in_its_own_folder(page, served):
    """All sockets are of this machine, and all files that are opened for writing lie in the temporary folder."""
    page.get_by_role("tab").last.click()  # whatever else is drawn is drawn by now

    hosts = {address[0] if isinstance(address, list) else address for address in served.seen("socket.bind")}
    assert hosts == {HOST}
    asked = {tuple(address) for address in served.seen("socket.connect")}
    assert asked <= {(HOST, urlparse(served.address).port)}
    assert {name for name, _ in served.seen("socket.getaddrinfo")} <= {HOST, "localhost"}
    written = {Path(path) for path in served.seen("open")}
    assert any(path.is_relative_to(served.temporary) for path in written)
    elsewhere = {path for path in written if not path.is_relative_to(served.temporary)} - {Path("/dev/null")}
    # The locks of the runs, which are looked at, and a random word that Gradio keeps in its package once imported.
    assert {path.parent.name for path in elsewhere if path.name != "hash_seed.txt"} <= {"claims"}
