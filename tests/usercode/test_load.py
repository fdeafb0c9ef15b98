import pickle
import sys
import threading

import pytest

from ceteris.usercode.load import OwnCodeError, Printed, captured, explained, load

PACKAGE = (
    ("nets.py", "import parts.small as small\nfrom parts import large\n\n\ndef net():\n    return small.width()\n"),
    ("parts/large.py", "wide = 8\n"),
    (
        "parts/small.py",
        "from .large import wide\n\n\ndef width():\n    import parts.large\n    return parts.large.wide\n",
    ),
)


def test_files_that_import_each_other_are_run_from_their_text():
    """Absolutely and relatively, at the top and inside functions, and no file is needed."""
    assert load("nets.py:net", PACKAGE)() == 8
    assert load("parts.small:wide", PACKAGE) == 8


def test_two_versions_of_a_file_get_on_together():
    """Each has the other files of its own version, and no import of the program finds either."""
    wider = tuple((path, text.replace("= 8", "= 16")) for path, text in PACKAGE)
    first, second = load("nets.py:net", PACKAGE), load("nets.py:net", wider)

    assert (first(), second(), first()) == (8, 16, 8)
    assert not {"nets", "parts", "parts.large"} & set(sys.modules)


def test_what_looks_for_its_own_module_finds_it():
    """Data classes with annotations as text look into `sys.modules`."""
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n\n\n"
    text += "@dataclass\nclass Size:\n    width: int = 8\n"

    assert load("sizes.py:Size", (("sizes.py", text),))().width == 8


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("width = 8\nimport absent\n", "nets.py, line 2, in <module>: ModuleNotFoundError: No module named 'absent'"),
        ("width = 8\n\nwidth / 0\n", "nets.py, line 3, in <module>: ZeroDivisionError: division by zero"),
        (
            "raise SystemExit(3)\n",
            "nets.py, line 1, in <module>: SystemExit: it ended the program, which no module may",
        ),
    ],
)
def test_what_fails_is_told_with_its_line(text, sentence):
    """File and line of the user's code, and a traceback that names no folder of the machine."""
    with pytest.raises(OwnCodeError) as caught:
        load("nets.py:Net", (("nets.py", text),))

    assert str(caught.value) == f"nets.py cannot be imported: {sentence}"
    assert 'File "nets.py", line ' in caught.value.trace
    assert "/" not in caught.value.trace.replace("usercode/load.py", "").replace("width / 0", "")


def test_a_name_that_is_not_there_is_said():
    """Where only running the file could tell."""
    with pytest.raises(OwnCodeError) as caught:
        load("nets.py:Net", (("nets.py", "from json import *\n"),))

    assert str(caught.value) == "nets.py has no 'Net' after it was imported; name a class or a function of it."


def test_errors_reach_another_process_whole():
    """With their traceback."""
    with pytest.raises(OwnCodeError) as caught, explained((), "it fails"):
        raise ValueError("first line\nsecond line")
    received = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - as between processes

    assert (str(received), received.trace) == ("it fails: ValueError: first line second line", caught.value.trace)


def test_what_is_printed_is_kept_and_others_write_on(capsys):
    """Of the thread that runs the code, at most 20,000 characters; a display in another thread is left alone."""
    printed = Printed()
    with captured(printed):
        print("x" * 19_995)  # noqa: T201 - what is tested
        print("more than there is room for")  # noqa: T201 - likewise
        display = threading.Thread(target=print, args=("display",))
        display.start()
        display.join()

    assert printed.text() == "x" * 19_995 + "\nmore\n... and 24 more characters\n"
    assert capsys.readouterr().out == "display\n"
