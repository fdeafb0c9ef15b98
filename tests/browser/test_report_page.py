"""The page of a report as a reader meets it: opened from the file system, with keyboard or mouse, and printed."""

import math
from pathlib import Path

import numpy as np
import pytest

from ceteris.datasets.dataset import Dataset, LabelledImages, Origin
from ceteris.engines.lanes.engine import lanes_engine
from ceteris.engines.lanes.kernels import chosen_instruction_set
from ceteris.engines.torch.engine import TorchEngine
from ceteris.execution.local import LocalExecutor
from ceteris.execution.study import run_study
from ceteris.report.report import write_report
from ceteris.study.study import Study

STUDY = {
    "title": "Pages & <b>pictures</b>",
    "question": "What does a reader see?",
    "seeds": 3,
    "data": {"name": "cifar10", "batches": 1},
    "baseline": {
        "network": {"layers": [{"conv": 3, "kernel": 3, "activation": "relu"}, {"max_pool": 6}, {"dense": "classes"}]},
        "training": {"learning_rate": 0.01, "batch_size": 10, "epochs": 2},
    },
    "variation": [
        {"factor": "learning rate", "name": "0.0001", "set": {"training.learning_rate": 0.0001}},
        {"factor": "learning rate", "name": "0.02", "set": {"training.learning_rate": 0.02}},
        {"factor": "kernel", "name": "<i>5x5</i>", "set": {"network.layers.0.kernel": 5}},
    ],
}


def images(count, seed):
    """Draw squares of ten brightnesses in noise."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    levels = 20 * labels[:, None, None, None] + generator.integers(0, 56, (count, 32, 32, 3))
    return LabelledImages(images=levels.astype(np.uint8), labels=labels.astype(np.int32))


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    """Train a small study, write its report, and give the page's address."""
    folder = tmp_path_factory.mktemp("page") / "results"
    dataset = Dataset(
        name="cifar10",
        training=images(200, 1),
        test=images(60, 2),
        class_names=("<u>plane</u>", *"bcdefghij"),
        digest="0" * 64,
        origin=Origin.MODIFIED,
        source="drawn for a test",
        notes=(),
    )
    engine = lanes_engine() if chosen_instruction_set() else TorchEngine(device="cpu")
    for _ in run_study(Study(**STUDY), dataset, folder=folder, engines=(engine,), executor=LocalExecutor(threads=1)):
        pass
    return write_report(folder).page.as_uri()


@pytest.fixture
def scheme():
    """Colours that the reader's system asks for; they change no size, no text and no script."""
    return "light"


both_schemes = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture
def page(browser, address, scheme):
    """Open the page; console messages and requests are kept beside it."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1100, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(600_000)  # milliseconds until a page that hangs is given up
    opened.said, opened.asked = [], []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.goto(address)
    yield opened
    context.close()


def first_column(page, table="#verdicts"):
    """Give the names in a table, without the details below them, from the top."""
    rows = page.locator(f"{table} tbody:last-of-type tr:visible th")
    return [row.evaluate("cell => cell.firstChild.textContent.trim()") for row in rows.all()]


@both_schemes
def test_nothing_is_asked_of_anybody_and_nothing_goes_wrong(page, address):
    """One request, for the page itself; the console stays empty, while everything on the page is used."""
    for summary in page.locator("summary").all():
        summary.click()
    page.mouse.wheel(0, 100_000)

    assert page.asked == [address]
    assert page.said == []


@both_schemes
def test_every_picture_is_there(page):
    """Each figure has a drawing with a size and a label, and every image inside one is decoded."""
    figures = page.locator("figure svg[role=img]")

    assert figures.count() == page.locator("figure").count() >= 5
    for figure in figures.all():
        assert figure.bounding_box()["width"] > 100
        assert figure.get_attribute("aria-label")
    sources = page.eval_on_selector_all("svg image", "all => all.map(one => one.href.baseVal)")
    decoded = page.evaluate(
        "async (sources) => (await Promise.all(sources.map(async (source) => {"
        "const image = new Image(); image.src = source; await image.decode(); return image.naturalWidth;"
        "}))).every((width) => width > 0)",
        sources,
    )
    assert sources
    assert decoded


def test_names_are_text(page):
    """What looks like markup in a title, a variation or a class is shown as it is."""
    assert page.locator("h1").inner_text() == "Pages & <b>pictures</b>"
    assert page.locator("main b, main i, main u").count() == 0
    assert "<i>5x5</i>" in first_column(page)


@both_schemes
def test_words_and_lines_stand_out_from_their_ground(page):
    """Ink and paper differ enough in either scheme: a contrast of 7 and more, as WCAG 2.2 asks for at level AAA."""
    ink, paper = page.evaluate(
        "() => [getComputedStyle(document.body).color, getComputedStyle(document.documentElement).backgroundColor]"
        ".map((text) => text.match(/[0-9.]+/g).map(Number))"
    )
    if len(paper) == 4 and paper[3] == 0:
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number)")

    lights = sorted(luminance(colour[:3]) for colour in (ink, paper))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 7


def luminance(colour):
    """Give the relative luminance of a colour, as WCAG 2.2 defines it."""
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_a_click_on_a_heading_sorts(page):
    """Up, down, and back to the order of the study; numbers are sorted as numbers."""
    study = first_column(page)
    head = page.locator("#verdicts thead th", has_text="accuracy")
    shown = []
    for _ in range(3):
        head.get_by_role("button").click()
        shown.append((head.get_attribute("aria-sort"), first_column(page)))
    column = head.evaluate("head => head.cellIndex")
    values = dict(zip(study, page.eval_on_selector_all(
        "#verdicts tbody:last-of-type tr", f"rows => rows.map(row => Number(row.cells[{column}].dataset.key))"
    ), strict=True))  # fmt: skip

    assert [direction for direction, _ in shown] == ["ascending", "descending", None]
    known = sorted(value for value in values.values() if not math.isnan(value))
    assert len(known) == len(values) - 1  # no run of one variation learned: it stands last, either way
    assert [values[name] for name in shown[0][1][:-1]] == known
    assert [values[name] for name in shown[1][1][:-1]] == known[::-1]
    assert shown[2][1] == study


def test_a_word_and_a_verdict_filter(page):
    """Only rows with the word and a wanted verdict are shown; how many is said aloud."""
    everything = first_column(page)
    page.locator("#verdicts input[type=search]").fill("learning rate")

    assert first_column(page) == ["0.0001", "0.02"]
    assert page.locator("#verdicts .said").inner_text() == "2 of 3 variations shown."

    page.locator("#verdicts input[type=search]").fill("")
    for box in page.locator("#verdicts input[type=checkbox]").all():
        box.uncheck()
    assert first_column(page) == []

    for box in page.locator("#verdicts input[type=checkbox]").all():
        box.check()
    assert first_column(page) == everything


def test_the_keyboard_alone_suffices(page):
    """Tab reaches the way past the contents, a heading that sorts, a box, a table and a fold; each shows focus."""
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = {}
    for _ in range(60):
        page.keyboard.press("Tab")
        what = page.evaluate("document.activeElement.tagName + ' ' + (document.activeElement.type ?? '')").strip()
        if what not in reached:
            reached[what] = page.evaluate(
                "(() => { const style = getComputedStyle(document.activeElement);"
                "return style.outlineStyle !== 'none' || style.boxShadow !== 'none'; })()"
            )
        if what == "BUTTON button" and not page.locator("#verdicts [aria-sort]").count():
            page.keyboard.press("Enter")
        if what == "SUMMARY" and not page.locator("#verdicts .meanings[open]").count():
            page.keyboard.press("Space")
    assert {"A", "BUTTON button", "INPUT search", "INPUT checkbox", "DIV", "SUMMARY"} <= set(reached)
    assert all(reached.values())
    assert page.locator("#verdicts [aria-sort=ascending]").count() == 1
    assert page.locator("details[open]").count() >= 1


@pytest.mark.parametrize("language", ["Markdown", "LaTeX"])
def test_a_table_can_be_taken_along(page, language):
    """The button leaves the whole table selected or on the clipboard, and says which."""
    page.locator("#verdicts .copies summary").click()
    area = page.locator("#verdicts .copy", has_text=language).locator("textarea")
    page.get_by_role("button", name=f"Copy as {language}").first.click()
    said = page.locator("#verdicts .said")
    said.filter(has_text="Ctrl+C").or_(said.filter(has_text="Copied.")).wait_for()

    text = area.input_value()
    assert text.count("0.02") >= 1
    if "selected" in said.inner_text():
        assert page.evaluate("getSelection().toString()") == text


WIDER = """
(() => {
  const scrolls = (box) => getComputedStyle(box).overflowX === "auto";
  const isCued = (box) => box.previousElementSibling.matches(".cue:not([hidden])");
  const inBox = (one) => { const box = one.closest(".scroll"); return box !== null && scrolls(box) && isCued(box); };
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.checkVisibility() && !one.matches(".skip") && !inBox(one))
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5)
    .map((one) => one.tagName + "." + one.className);
})()
"""


def test_a_narrow_window_scrolls_charts_and_tables_alone(page):
    """On a telephone nothing is wider than the window but what scrolls in a box of its own, with words that say so."""
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function("document.querySelectorAll('.cue:not([hidden])').length > 3")

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(WIDER) == []


def test_a_wide_window_has_charts_as_wide_as_the_text(page):
    """Room beside the text is used, and what fits needs no words about scrolling."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function("document.querySelectorAll('.cue:not([hidden])').length === 0")

    room = page.locator("main").bounding_box()["width"]
    assert page.locator("#differences + figure svg").bounding_box()["width"] > 0.95 * room


@pytest.mark.parametrize("width", [390, 1280])
def test_words_in_charts_can_be_read(page, width):
    """No text of a chart is smaller than 9 pixels of the screen."""
    page.set_viewport_size({"width": width, "height": 800})
    sizes = page.eval_on_selector_all(
        "figure svg text",
        "all => all.map((one) => { const turned = one.getScreenCTM();"
        "return parseFloat(getComputedStyle(one).fontSize) * Math.hypot(turned.a, turned.b); })",
    )

    assert len(sizes) > 50
    assert min(sizes) >= 9


def test_the_verdict_is_in_sight_on_a_telephone(page):
    """The name of a variation stays where it is while its row scrolls, with the verdict below it."""
    page.set_viewport_size({"width": 390, "height": 800})
    box = page.locator("#verdicts .scroll")
    box.evaluate("box => { box.scrollLeft = 300; }")
    name = page.locator("#verdicts tbody th[data-verdict]").first

    assert name.bounding_box()["x"] == pytest.approx(box.bounding_box()["x"], abs=1)
    verdict = page.locator("#verdicts td .verdict").first.inner_text()
    assert verdict in name.evaluate("cell => getComputedStyle(cell, '::after').content")


def test_marks_lie_on_the_axis_and_numbers_beside_it(page):
    """In the plot of differences no mark or bar leaves the axis, so that none covers a number."""
    drawing = page.locator("#differences + figure svg")
    axis, marks, numbers = drawing.evaluate(
        "svg => { const box = (one) => { const { left, right } = one.getBoundingClientRect(); return [left, right]; };"
        "const texts = [...svg.querySelectorAll('text')];"
        "const ground = [...svg.querySelectorAll('path')].map(box).filter(([left, right]) => right - left > 150);"
        "return [ground, [...svg.querySelectorAll('use')].map(box),"
        "texts.filter((one) => /\\[/.test(one.textContent)).map(box)]; }"
    )
    end = min(left for left, _ in numbers)

    assert len(numbers) == 2
    assert axis
    assert max(right for _, right in marks) < end


def test_each_network_has_its_first_layer_on_either_scale(browser, address):
    """Without any script a click shows all networks on one scale, where the greys differ; images are decoded."""
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(address)
    tiles = opened.locator(".layer .tiles img:visible")
    own = [one.get_attribute("src") for one in tiles.all()]
    opened.get_by_label("One scale for all networks").check()
    common = [one.get_attribute("src") for one in tiles.all()]

    assert len(own) == len(common) == 1 + 4 * 2 * (3 + 4)
    assert own[0] == common[0]
    assert own[1:] != common[1:]
    assert opened.locator(".layer.large .tiles.output img:visible").first.bounding_box()["width"] >= 110
    assert all(one.bounding_box()["height"] > 30 for one in tiles.all())
    context.close()


def test_what_is_folded_is_printed(page):
    """On paper folded tables are open, words are explained once at the end, and what only a screen can do is gone."""
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")

    assert page.locator("details.more:not([open])").count() == 0
    assert page.locator(".filter:visible, .copies:visible, nav:visible, .meanings:visible, .terms:visible").count() == 0
    assert page.locator("section.paper dt:visible").count() > 20
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.more[open]").count() == 0
    page.emulate_media(media="screen")
    assert page.locator("section.paper:visible").count() == 0


def test_heads_of_tables_are_repeated_on_paper(page):
    """A head is a group that is not broken and holds no button, without which Chromium does not repeat it."""
    page.emulate_media(media="print")
    looks = page.eval_on_selector_all(
        "thead, thead button", "all => all.map(one => [one.tagName, getComputedStyle(one).display])"
    )

    assert {tuple(look) for look in looks} == {("THEAD", "table-header-group"), ("BUTTON", "contents")}
    assert page.locator("thead").first.evaluate("head => getComputedStyle(head).breakInside") == "avoid"


def test_without_scripts_all_is_there(browser, address):
    """A reader who runs no scripts reads the same table; what would not work is not shown."""
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.set_default_timeout(600_000)  # milliseconds until a page that hangs is given up
    opened.goto(address)

    assert opened.locator("#verdicts tbody tr").count() == 4
    assert opened.locator("form.filter:visible, .copy button:visible").count() == 0
    context.close()


def test_the_page_is_small(address):
    """Far below what can be sent by mail."""
    assert Path(address.removeprefix("file://")).stat().st_size < 10_000_000
