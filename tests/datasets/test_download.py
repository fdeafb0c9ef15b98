import errno
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ceteris.datasets.cifar10 import Layout, fetch_cifar10, fetched_archive
from ceteris.datasets.source import Setback
from ceteris.errors import DataError


@contextmanager
def server(answer):
    """Serve on 127.0.0.1; `answer(handler, first)` answers a request, `first` being the byte that Range asks for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Range")))
            first = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if "Range" in self.headers else 0
            answer(self, first)

        def log_message(self, *_):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/cifar-10-binary.tar.gz", asked
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def send(handler, content, *, status=200, length=None, headers=()):
    """Send an answer whose announced length may lie."""
    handler.send_response(status)
    for name, value in headers:
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    handler.end_headers()
    handler.wfile.write(content)


def ranged(content):
    """Answer as a good server does, ranges too."""

    def answer(handler, first):
        if first:
            span = f"bytes {first}-{len(content) - 1}/{len(content)}"
            send(handler, content[first:], status=206, headers=[("Content-Range", span)])
        else:
            send(handler, content)

    return answer


def mirror(url):
    """A mirror of the binary archive."""
    return url, Layout.BINARY


def fetch(folder, miniature, *urls, timeout=600.0):
    """Fetch the miniature archive, and give the setbacks on the way."""
    events = fetch_cifar10(folder, mirrors=[mirror(url) for url in urls], timeout=timeout, release=miniature.release)
    return [event.reason for event in events if isinstance(event, Setback)]


def test_an_archive_is_downloaded_and_checked(tmp_path, miniature):
    """From a good server it arrives whole, under its name, and a second call asks nobody."""
    with server(ranged(miniature.binary)) as (url, asked):
        assert fetch(tmp_path, miniature, url) == []
        assert fetch(tmp_path, miniature, url) == []

    assert len(asked) == 1
    path = fetched_archive(tmp_path, miniature.release)
    assert path.read_bytes() == miniature.binary
    assert not list(tmp_path.glob("*.part"))


def test_a_broken_download_goes_on_where_it_stopped(tmp_path, miniature):
    """What had arrived is kept, and only the rest is asked for."""
    (tmp_path / "cifar-10-binary.tar.gz.part").write_bytes(miniature.binary[:1000])

    with server(ranged(miniature.binary)) as (url, asked):
        assert fetch(tmp_path, miniature, url) == []

    assert asked[0][1] == "bytes=1000-"
    assert fetched_archive(tmp_path, miniature.release)


def test_a_server_that_ignores_the_range_is_understood(tmp_path, miniature):
    """It sends everything; what is there already is passed over."""
    (tmp_path / "cifar-10-binary.tar.gz.part").write_bytes(miniature.binary[:1000])

    with server(lambda handler, _: send(handler, miniature.binary)) as (url, _):
        assert fetch(tmp_path, miniature, url) == []

    assert fetched_archive(tmp_path, miniature.release).read_bytes() == miniature.binary


FAULTS = {
    "answered 404 Not Found": lambda handler, _: send(handler, b"no", status=404),
    "sent a web page instead of the file": lambda handler, _: send(handler, b"<html>moved</html>", length=None),
    "offered a file of 10 bytes, expected {size}": lambda handler, _: send(handler, b"\x1f\x8b" + bytes(8)),
}


@pytest.mark.parametrize("reason", FAULTS)
def test_a_mirror_at_fault_is_followed_by_the_next(tmp_path, miniature, reason):
    """Each fault is told, and the next mirror is asked."""
    size = len(miniature.binary)

    def fault(handler, first):
        if "web page" in reason:
            handler.send_response(200)
            handler.end_headers()
            handler.wfile.write(b"<!DOCTYPE html><html>moved</html>")
        else:
            FAULTS[reason](handler, first)

    with server(fault) as (bad, _), server(ranged(miniature.binary)) as (good, _):
        assert fetch(tmp_path, miniature, bad, good) == [reason.format(size=size)]

    assert fetched_archive(tmp_path, miniature.release)


def test_wrong_bytes_of_the_right_length_are_thrown_away(tmp_path, miniature):
    """The SHA-256 decides, not the length."""
    wrong = miniature.binary[:-9] + bytes(9)

    with server(ranged(wrong)) as (bad, _), server(ranged(miniature.binary)) as (good, _):
        assert fetch(tmp_path, miniature, bad, good) == ["sent other bytes than the official archive's"]

    assert fetched_archive(tmp_path, miniature.release).read_bytes() == miniature.binary


def test_a_server_that_falls_silent_is_left(tmp_path, miniature):
    """A stalled download costs the time-out, and what came is kept for the next mirror."""
    done, part = threading.Event(), tmp_path / "cifar-10-binary.tar.gz.part"

    def stall(handler, _):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(miniature.binary)))
        handler.end_headers()
        handler.wfile.write(miniature.binary[:500])
        handler.wfile.flush()
        done.wait(600)

    with server(stall) as (bad, _):
        # On a busy machine even the first bytes may take longer.
        while not part.exists() or part.stat().st_size == 0:
            with pytest.raises(DataError, match=r": 127\.0\.0\.1:\d+ fell silent for 0\.3 seconds\. "):
                fetch(tmp_path, miniature, bad, timeout=0.3)
        done.set()
    kept = part.stat().st_size
    with server(ranged(miniature.binary)) as (good, asked):
        assert fetch(tmp_path, miniature, good) == []

    assert asked[0][1] == f"bytes={kept}-"


def test_redirections_are_followed(tmp_path, miniature):
    """A moved archive is found."""
    with server(ranged(miniature.binary)) as (good, _):

        def redirect(handler, _):
            handler.send_response(302)
            handler.send_header("Location", good)
            handler.end_headers()

        with server(redirect) as (moved, _):
            assert fetch(tmp_path, miniature, moved) == []

    assert fetched_archive(tmp_path, miniature.release)


def test_no_mirror_left_is_an_error_that_says_what_to_do(tmp_path, miniature):
    """Who failed and why, and two ways on."""
    with server(lambda handler, _: send(handler, b"", status=503)) as (url, _):
        host = url.split("/")[2]
        with pytest.raises(DataError) as error:
            fetch(tmp_path, miniature, url)

    assert str(error.value) == (
        f"CIFAR-10 could not be downloaded into {tmp_path}: {host} answered 503 Service Unavailable. Check the network "
        "and run `ceteris data fetch` again, which keeps what has arrived; or bring an archive from "
        "https://www.cs.toronto.edu/~kriz/cifar.html and name it with --data or CETERIS_DATA."
    )


def test_a_full_disk_names_the_folder_and_what_is_needed(tmp_path, miniature, monkeypatch):
    """Nothing is downloaded where it cannot fit."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ceteris.datasets.download.transfer", full)

    with pytest.raises(DataError) as error:
        fetch(tmp_path, miniature, "http://127.0.0.1:9/none")

    assert re.sub(r"\d+ kB", "N kB", str(error.value)) == (
        f"{tmp_path}: CIFAR-10 cannot be kept here (no space left on device), N kB are needed. Make room or allow "
        "writing there, or choose another folder with XDG_CACHE_HOME or `ceteris data fetch --to FOLDER`."
    )
