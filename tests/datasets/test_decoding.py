import os
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from ceteris.datasets import decoding
from ceteris.datasets.decoding import Decoded, Unreadable, decode, load_picture
from ceteris.datasets.picture import Frame
from ceteris.errors import DataError
from ceteris.paths import shown
from tests.datasets.picture_files import damaged, hard_files, in_every_mode, saved, scene

FRAME = Frame(height=16, width=16)
MUTATIONS = int(os.environ.get("CETERIS_MUTATIONS", "1000"))  # `make fuzz` asks for more
FAULTY_DECODER = """\
import os, sys, time
from ceteris.datasets import decoder
real = decoder.decode_picture
def faulty(content, frame):
    if content == b"hang":
        open(os.environ["HANGING"], "w").close()
        time.sleep(1000)
    if content == b"crash":
        os.abort()
    if content == b"grow":
        return bytearray(10 * decoder.MOST_MEMORY)
    return real(content, frame)
decoder.decode_picture = faulty
decoder.main()
"""


@pytest.fixture
def good():
    """Give the bytes of a sound file."""
    return saved(Image.fromarray(scene()), "PNG")


@pytest.fixture
def faulty_decoder(monkeypatch, tmp_path):
    """Have the worker processes hang, crash and grow on demand; a file tells that one hangs."""
    real = decoding.subprocess.Popen
    monkeypatch.setenv("HANGING", str(tmp_path / "hanging"))

    def start(command, **options):
        assert command[1:] == ["-P", "-m", "ceteris.datasets.decoder"]
        return real([sys.executable, "-c", FAULTY_DECODER], **options)

    monkeypatch.setattr(decoding.subprocess, "Popen", start)


def outcomes(sources, **options):
    """Decode, and give what came of each source in their order: pixels or a reason."""
    answers = dict(decode(sources, FRAME, **{"workers": 2, **options}))
    return [answers[place] for place in range(len(sources))]


def test_files_and_contents_come_back_with_their_digests(tmp_path, good):
    """Each answer has its source's place, the pixels and the SHA-256 of the whole file."""
    (tmp_path / "picture.png").write_bytes(good)

    from_file, from_bytes = outcomes([tmp_path / "picture.png", good])

    assert isinstance(from_file, Decoded)
    assert from_file.sha256 == from_bytes.sha256
    np.testing.assert_array_equal(from_file.picture.pixels, from_bytes.picture.pixels)
    assert (from_file.picture.width, from_file.picture.height) == (60, 40)


@pytest.mark.usefixtures("faulty_decoder")
def test_a_file_that_hangs_is_given_up_and_the_rest_goes_on(good, tmp_path, monkeypatch):
    """After its time, the process is ended, the file is named, and another process decodes the others.

    The clock stands still, but for the two and a half seconds after the decoder has begun to hang.
    """
    now = [0.0]

    def clock():
        if (tmp_path / "hanging").exists():
            now[0] = min(now[0] + 0.9, 2.5)
        return now[0]

    monkeypatch.setattr(decoding, "time", SimpleNamespace(monotonic=clock))

    found = outcomes([good, b"hang", good, good], workers=1, seconds=2)

    assert found[1] == Unreadable(reason="takes longer than 2 seconds to decode")
    assert [isinstance(one, Decoded) for one in found] == [True, False, True, True]


@pytest.mark.usefixtures("faulty_decoder")
def test_a_file_that_crashes_the_decoder_costs_only_itself(good):
    """A dead process is replaced."""
    found = outcomes([good, b"crash", good], workers=1)

    assert found[1] == Unreadable(reason="makes the decoder crash")
    assert [isinstance(one, Decoded) for one in found] == [True, False, True]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's memory")
@pytest.mark.usefixtures("faulty_decoder")
def test_a_file_that_takes_too_much_memory_is_refused(good):
    """The system refuses the memory, and the process lives on."""
    found = outcomes([b"grow", good], workers=1)

    assert found[0] == Unreadable(reason="needs more memory to decode than a picture may take")
    assert isinstance(found[1], Decoded)


def test_stopping_early_leaves_no_process(good):
    """Whoever closes the iterator waits for nothing that is still to do."""
    before = threading.active_count()
    answers = decode(iter(lambda: good, None), FRAME, workers=2)
    next(answers)

    answers.close()

    assert threading.active_count() == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_plain_file_is_not_waited_for(tmp_path):
    """A pipe that nobody writes to, a folder and a name without a file are refused at once."""
    os.mkfifo(tmp_path / "pipe.jpg")

    found = outcomes([tmp_path / "pipe.jpg", tmp_path, tmp_path / "none.png"])

    assert [one.reason for one in found] == [
        "is not a plain file",
        "cannot be read: is a directory",
        "cannot be read: no such file or directory",
    ]


def test_a_decoder_that_cannot_start_is_told_from_a_bad_file(good, monkeypatch):
    """The user hears of the installation, not of the file."""
    real = decoding.subprocess.Popen
    broken = [sys.executable, "-c", "raise SystemExit(3)"]
    monkeypatch.setattr(decoding.subprocess, "Popen", lambda _command, **options: real(broken, **options))

    with pytest.raises(DataError) as raised:
        outcomes([good, good])

    assert str(raised.value) == (
        "the process that decodes images ended with exit code 3 before its first one. Run "
        "`python -m ceteris.datasets.decoder` to see why; installing ceteris again may help."
    )


def test_one_picture_of_the_user_is_read_or_refused_in_a_sentence(tmp_path, good):
    """The message names the file, the reason and what to do."""
    (tmp_path / "good.png").write_bytes(good)
    (tmp_path / "page.jpg").write_bytes(b"<html>")

    assert load_picture(tmp_path / "good.png", FRAME).pixels.shape == (16, 16, 3)
    with pytest.raises(DataError) as raised:
        load_picture(tmp_path / "page.jpg", FRAME)

    assert str(raised.value) == (
        f"{tmp_path / 'page.jpg'} is a web page, not a JPEG, PNG, WebP, BMP, GIF or TIFF image. "
        "Give a whole picture in JPEG, PNG, WebP, BMP, GIF or TIFF."
    )


def test_names_cannot_mislead_a_terminal():
    """Control characters, reversed writing and bytes that are no text are written out."""
    assert shown(Path("a\x1b[2Jb\u202ec\udcff.png")) == r"a\x1b[2Jb\u202ec\udcff.png"


def test_mutated_files_give_pixels_or_one_line(good):
    """Whatever the bytes: no crash, no hang, one printable line or pixels of the right size, and sound files between.

    Sources: every format and mode with damage by chance, and all the files made to be hard.
    """
    generator = np.random.default_rng(20_261_123)
    originals = list(in_every_mode().values())
    hard = list(hard_files().values())
    assert len(originals) >= 12
    assert len(hard) >= 30

    def sources():
        yield from hard
        for number in range(MUTATIONS):
            if number % 50 == 0:
                yield good
            yield damaged(originals[number % len(originals)], generator)

    began = time.monotonic()
    answers = list(decode(sources(), FRAME, workers=2, seconds=600))  # a hang, not a busy machine
    sound = [place for place in range(len(hard), len(answers)) if (place - len(hard)) % 51 == 0]

    assert sorted(place for place, _ in answers) == list(range(len(hard) + MUTATIONS + len(sound)))
    expected = load_picture(good, FRAME).pixels
    refused = 0
    for place, answer in answers:
        if place in sound:
            np.testing.assert_array_equal(answer.picture.pixels, expected)
        elif isinstance(answer, Decoded):
            assert answer.picture.pixels.shape == (16, 16, 3)
        else:
            refused += 1
            assert answer.reason.isprintable()
            assert answer.reason != "makes the decoder crash"
            assert "takes longer" not in answer.reason
    seconds = time.monotonic() - began
    print(f"{len(answers):,} files, {refused:,} refused, {seconds:.0f} s")  # noqa: T201 - shown by `make fuzz`
    assert refused > MUTATIONS / 10
