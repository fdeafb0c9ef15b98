"""The commands of docs/tutorial.md do what the page says, on fewer photographs and for one epoch."""

import importlib.util
import json
import re
import shutil
import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest

from ceteris.engines.lanes.kernels import usable_instruction_sets
from tests.documents import ROOT, Workplace, steps

PAGE = ROOT / "docs" / "tutorial.md"
NOT_ASKED = {"ceteris explore results/photographs"}  # serves until it is ended; a test of its own does that
UNREADABLE = "error: new/shell/0004.jpg is not a JPEG, PNG, WebP, BMP, GIF or TIFF image."
EXPORTS = tuple(name for name in ("torch", "onnx", "onnxruntime") if not importlib.util.find_spec(name))

# What the page shows and ninety photographs, or two seeds of one epoch, need not: verdicts, names, and what is rare.
ELSEWHERE = re.compile(
    r"\.\.\.$|^  |copies|nearly the same|byte for byte|cannot be read|^note: |similar size|uneven|smaller than|"
    r"^(JPEG|PNG|WebP|GIF|TIFF|BMP) |he baseline|These seeds|^.*(better|worse|undecided|equal)|^\s*$|runs? done|pp\b|"
    r"^interval |^final one|runs in |^new/|^“"
)

SENTENCES = re.compile(r"^(None|All|\d+) of the \d+ variations .*?\n\n", re.MULTILINE | re.DOTALL)

STEPS = steps(PAGE)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Do all that the page says, in an empty folder; gives the folder and what each step wrote, by its text."""
    if not usable_instruction_sets():
        pytest.skip("the lanes engine is not compiled here")
    home = tmp_path_factory.mktemp("tutorial")
    workplace = Workplace(home=home).prepare()
    place = workplace.folder
    written = {}
    for step in STEPS:
        if step.text in NOT_ASKED or (EXPORTS and ("ceteris export" in step.text or "exports/" in step.text)):
            continue
        if step.text.startswith("rm ") or "clear" in step.text:
            shutil.copytree(place, home / "before", dirs_exist_ok=True)
        written[step.text] = workplace.do(step)
    return home / "before", workplace.environment, written


def test_the_commands_of_the_tutorial_run(done):
    """One after the other, each ends well; only what names an unreadable image ends with the code that says so."""
    _, _, written = done

    assert len(written) >= 12
    for text, (code, out, err) in written.items():
        told = [line for line in err.splitlines() if not line.startswith("note: ")]
        names_it = "predict" in text and ("new/shell new/stone" in text or text.endswith(" new"))
        assert (code, told) == ((1, [UNREADABLE]) if names_it else (0, [])), (text, out[-2000:], err)


def test_what_the_commands_write_is_where_the_page_says(done):
    """The page of the check, the table of the runs, the report, the answers, the export with its card."""
    place, _, _ = done

    assert (place / "photographs.html").read_text().startswith("<!doctype html>")
    table = (place / "results" / "photographs" / "results.csv").read_text()
    assert table.count("finished") == 16  # six variations with one seed and the baseline with two: eight rows, twice
    for name in re.findall(r"`((?:results|exports)/[\w./-]+\.\w+|[\w-]+\.csv)`", PAGE.read_text(encoding="utf-8")):
        if EXPORTS and name.startswith("exports/"):
            continue
        assert (place / name).is_file(), name


@pytest.mark.parametrize("step", [step for step in STEPS if step.shown], ids=lambda step: step.text.splitlines()[0])
def test_the_page_shows_what_the_commands_say(done, step):
    """Lines are compared without their numbers, but for those that hang on the photographs or on luck."""
    _, _, written = done
    if step.text not in written:
        pytest.skip("what it needs is not installed")
    _, out, err = written[step.text]
    there = {_plain(line) for line in (out + err).splitlines()}

    shown = SENTENCES.sub("", step.shown)  # whole: where their lines break is luck too
    compared = [line for line in shown.splitlines() if not ELSEWHERE.search(line)]
    assert compared
    assert [line for line in compared if _plain(line) not in there] == []


def test_explore_answers(done):
    """The page of trained networks is served on this machine until Ctrl-C."""
    pytest.importorskip("gradio")
    place, environment, _ = done
    (command,) = NOT_ASKED
    words = [sys.executable, "-u", "-m", *command.split(), "--no-browser"]
    process = subprocess.Popen(words, cwd=place, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        address = next(re.search(r"The page is at (\S+)", line) for line in process.stdout if "The page is at" in line)
        with urlopen(address[1], timeout=600) as answer:  # noqa: S310 - this machine's own address, just printed
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=600) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _plain(line):
    """Give a line without numbers and without the widths of columns; of a line of JSON its keys, and what was done."""
    if line.startswith("{"):
        answer = json.loads(line)
        return (*answer, *answer["classes"][0], *answer["notes"])
    return re.sub(r"[-+\N{MINUS SIGN}]?\d[\d,.]*", "#", " ".join(line.split()))
