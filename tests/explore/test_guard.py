import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from ceteris.datasets.picture import Frame
from ceteris.errors import DataError
from ceteris.explore.guard import HOST, MOST_BYTES, MOST_FILES, Guard, take_upload

HERE = f"{HOST}:7860"
JOIN, UPLOAD = "/gradio_api/queue/join", "/gradio_api/upload"


def finish(coroutine):
    """Run it to its end in a thread of its own: where a browser of other tests is open, this one has a running loop."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, coroutine).result()


def ask(folder, path="/", *, method="GET", host=HERE, body=None, **headers):
    """Send a request through the guard; gives status, headers and reason, and the body that the page got, if any."""
    sent, got = [], []

    async def app(_scope, receive, send):
        got.append((await receive()).get("body", b""))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"the page"})

    async def send(message):
        sent.append(message)

    parts = [{"type": "http.request", "body": part, "more_body": True} for part in body or ()]

    async def receive():
        return parts.pop(0) if parts else {"type": "http.request", "body": b"", "more_body": False}

    given = {"host": host, **headers}
    if body is not None:
        given.setdefault("content_length", str(sum(map(len, body))))
    coded = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": coded}
    finish(Guard(app, folder)(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"].decode(), got


def test_the_browser_is_told_to_ask_nobody_else(tmp_path):
    """Every answer carries a policy that lets nothing but this page's own files in."""
    for path, status in (("/", 200), ("/nothing", 404)):
        found, headers, _, _ = ask(tmp_path, path)

        assert found == status
        policy = headers[b"content-security-policy"].decode()
        assert policy.startswith("default-src 'self'; ")
        assert "http" not in policy
        assert "*" not in policy


@pytest.mark.parametrize("host", ["evil.example:7860", "evil.example", f"{HOST}.evil.example:7860", ""])
def test_other_hosts_are_refused(tmp_path, host):
    """A page elsewhere cannot point its own name at this machine and read the answers."""
    assert ask(tmp_path, host=host)[0] == 421


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"http://{HOST}:8000", f"https://{HERE}"])
def test_pages_from_elsewhere_are_refused(tmp_path, origin):
    """Another page in the same browser cannot send anything here, whatever it makes of the answer."""
    assert ask(tmp_path, UPLOAD, method="POST", body=[b"x"], origin=origin)[0] == 403
    assert ask(tmp_path, UPLOAD, method="POST", body=[b"x"], origin=f"http://{HERE}")[0] == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/gradio_api/file=/etc/passwd"),
        ("GET", "/gradio_api/file=https://example.org/"),
        ("GET", "/gradio_api/proxy=https://example.org/"),
        ("GET", "/gradio_api/run-history/buckets"),
        ("GET", "/gradio_api/info"),
        ("GET", "/gradio_api/deep_link"),
        ("GET", "/monitoring/summary"),
        ("GET", "/config/"),
        ("POST", "/gradio_api/call/looked"),
        ("POST", "/gradio_api/vibe-edit"),
        ("POST", "/"),
        ("PUT", UPLOAD),
        ("DELETE", "/"),
        ("OPTIONS", JOIN),
    ],
)
def test_what_the_page_does_not_need_is_not_there(tmp_path, method, path):
    """Gradio's other addresses, which give files away, ask other machines or write, never hear of the request."""
    status, _, reason, got = ask(tmp_path, path, method=method, body=[b"{}"])

    assert (status, reason, got) == (404, "there is nothing here", [])


def test_a_flood_of_uploads_is_refused(tmp_path):
    """Only so many files may wait in the temporary folder; looking goes on."""
    for number in range(MOST_FILES):
        (tmp_path / str(number)).touch()

    status, _, reason, _ = ask(tmp_path, UPLOAD, method="POST", body=[b"x"])

    assert (status, reason) == (429, f"{MOST_FILES} uploads are waiting; try again in a minute")
    assert ask(tmp_path)[0] == 200


def test_what_is_sent_must_be_small_and_said_to_be(tmp_path):
    """The size of an upload is known before a byte of it is taken; a question is far smaller."""
    assert ask(tmp_path, UPLOAD, method="POST", body=[b"x"], content_length=str(MOST_BYTES))[0] == 200
    for path, length, status in (
        (UPLOAD, str(2 * MOST_BYTES), 413),
        (JOIN, str(10**6), 413),
        (JOIN, "", 411),
        (UPLOAD, "-1", 411),
    ):
        assert ask(tmp_path, path, method="POST", body=[b"x"], content_length=length)[::3] == (status, [])


def test_a_question_may_name_files_that_were_dropped_here_and_no_others(tmp_path):
    """Gradio would fetch an address that is given as a file; the page gets the question whole, or not at all."""
    for path in (str(tmp_path / "a.png"), None):
        body = json.dumps({"data": [{"path": path, "url": f"http://{HERE}/x"}, 3]}).encode()
        assert ask(tmp_path, JOIN, method="POST", body=[body[:9], body[9:]])[::3] == (200, [body])

    for path in ("https://example.org/a.png", "/etc/passwd", str(tmp_path / "../a.png"), "a.png", 7, "\0"):
        body = json.dumps({"data": [[{"deep": {"path": path}}]]}).encode()
        status, _, reason, got = ask(tmp_path, JOIN, method="POST", body=[body])
        assert (status, reason, got) == (400, "this names a file that was not dropped on the page", [])
    for body in (b"{", b"[" * 90_000, b"\xff"):
        assert ask(tmp_path, JOIN, method="POST", body=[body])[0] == 400


def test_there_is_no_other_protocol(tmp_path):
    """A web socket, which is bound by no such rules, is closed."""
    sent = []

    async def send(message):
        sent.append(message)

    finish(Guard(None, tmp_path)({"type": "websocket", "path": "/", "headers": []}, None, send))
    assert sent == [{"type": "websocket.close"}]


FRAME = Frame(height=8, width=8)


def test_an_upload_is_read_and_deleted(tmp_path):
    """Nothing of it stays on the disk."""
    file = tmp_path / "cat.png"
    Image.new("RGB", (8, 8), (1, 2, 3)).save(file)

    assert take_upload(file, tmp_path, FRAME).pixels[0, 0].tolist() == [1, 2, 3]
    assert not file.exists()


def test_what_is_no_image_is_deleted_too(tmp_path):
    """It is named as the person named it, without the folder it was put in."""
    file = tmp_path / "cat.png"
    file.write_text("<script>")

    with pytest.raises(DataError) as error:
        take_upload(file, tmp_path, FRAME)

    assert str(error.value).startswith("cat.png is ")
    assert not file.exists()


def test_nothing_outside_the_temporary_folder_is_touched(tmp_path):
    """A request that names another file gets neither its content nor rid of it."""
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(secret)
    (tmp_path / "uploads").mkdir()

    for path in (secret, tmp_path / "uploads" / ".." / "secret.png"):
        with pytest.raises(
            DataError, match=r"^the upload is not in the temporary folder\. Drop the image on the page\.$"
        ):
            take_upload(path, tmp_path / "uploads", FRAME)
    assert secret.exists()
