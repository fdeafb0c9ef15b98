"""The page itself: Gradio on 127.0.0.1, which asks nothing of the network and keeps no file."""

import html
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ceteris.data.decoding import shown
from ceteris.errors import DataError, ResultsError
from ceteris.explore.explorer import Explorer, Subject
from ceteris.explore.guard import HOST, Guard
from ceteris.explore.upload import MOST_BYTES, take_upload

_NONE, _ALL = "(none)", "all seeds"

_STYLE = """
.side-by-side { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
.side-by-side figure { margin: 0; max-width: 20rem; }
.side-by-side img { image-rendering: pixelated; width: 16rem; }
.side-by-side table { border-collapse: collapse; }
.side-by-side caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
.side-by-side th, .side-by-side td { text-align: left; padding: .15rem .8rem .15rem 0; }
img.drawing { width: 100%; max-width: 60rem; background: white; }
.note { color: #8a5a00; }
"""


@contextmanager
def serving(explorer: Explorer, *, port: int | None, in_browser: bool) -> Iterator[str]:
    """Serve the page until the block ends.

    Args:
        explorer: What to show.
        port: Where to listen; a free one if not given.
        in_browser: Whether to open it.

    Yields:
        The address.

    Raises:
        ResultsError: If Gradio is not installed, or the port is taken.
    """
    with tempfile.TemporaryDirectory(prefix="ceteris-explore-") as name:
        folder = Path(name)
        # Read when Gradio is imported.
        os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": name, "HF_HUB_OFFLINE": "1"}
        # Gradio asks its own server whether it is there; a proxy would be asked for it otherwise.
        os.environ["no_proxy"] = ",".join(filter(None, (os.environ.get("no_proxy", os.environ.get("NO_PROXY")), HOST)))
        try:
            import gradio  # noqa: PLC0415 - an extra
        except ImportError:
            raise ResultsError(
                "the page needs the package gradio, which is not installed. "
                "Install it with `pip install gradio captum torch`."
            ) from None
        page = _page(gradio, explorer, folder)
        try:
            _, address, _ = page.launch(
                server_name=HOST,
                server_port=port,
                share=False,
                inbrowser=in_browser,
                quiet=True,
                prevent_thread_lock=True,
                ssr_mode=False,
                enable_monitoring=False,
                max_file_size=MOST_BYTES,
                state_session_capacity=20,
                footer_links=[],
                theme=gradio.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
                css=_STYLE,
                app_kwargs={"middleware": [_middleware(folder)]},
            )
        except OSError:
            raise ResultsError(f"port {port} is taken. Name another with --port, or leave it out.") from None
        try:
            yield address
        finally:
            page.close(verbose=False)


def _middleware(folder: Path) -> Any:
    from starlette.middleware import Middleware  # noqa: PLC0415 - comes with Gradio

    return Middleware(Guard, folder=folder)


def _page(gradio: Any, explorer: Explorer, folder: Path) -> Any:
    """Lay the page out, and say what happens when."""
    arms = list(explorer.finished)
    seeds = sorted({seed for ones in explorer.finished.values() for seed in ones})
    title = explorer.results.manifest.study.title
    with gradio.Blocks(title=f"ceteris: {title}", analytics_enabled=False, delete_cache=(60, 600)) as page:
        gradio.HTML(f"<h1>{html.escape(title)}</h1>")
        gradio.HTML("".join(f"<p class='note'>{html.escape(note)}</p>" for note in explorer.results.notes))
        subject = gradio.State(explorer.test_image(0))
        with gradio.Row():
            with gradio.Column(scale=1):
                arm = gradio.Dropdown(arms, value=arms[0], label="Variation")
                other = gradio.Dropdown([_NONE, *arms], value=_NONE, label="Compare with")
                seed = gradio.Dropdown([_ALL, *map(str, seeds)], value=_ALL, label="Seed")
                number = gradio.Number(0, label="Test image", precision=0, minimum=0, maximum=len(explorer.images) - 1)
                upload = gradio.File(label="Or drop an image here", file_count="single", type="filepath", height=150)
                layer = gradio.Dropdown(explorer.layers(arms[0]), label="Layer", value=explorer.layers(arms[0])[0])
            with gradio.Column(scale=3):
                said = gradio.HTML(elem_id="said")
                answers = gradio.HTML(elem_id="answers")
                with gradio.Tab("Where it looked"):
                    attention = gradio.HTML(elem_id="attention")
                with gradio.Tab("What a layer makes of it"):
                    portrait = gradio.HTML(elem_id="portrait")
                with gradio.Tab("Learning curves"):
                    curves = gradio.HTML(elem_id="curves")

        def looked(subject: Subject, arm: str, other: str, seed: str, layer: str) -> tuple[str, str, str, str]:
            chosen = [arm] if other == _NONE else [arm, other]
            one = None if seed == _ALL else int(seed)
            place = int(layer.partition(":")[0]) if layer else None
            return (
                explorer.answers(subject, chosen, one),
                explorer.attention(subject, chosen, one),
                explorer.portrait(subject, arm, one, place),
                explorer.curves(chosen),
            )

        def taken(dropped: Mapping[str, str] | None) -> tuple[Any, Any, str]:
            if dropped is None:
                return gradio.skip(), gradio.skip(), ""
            path = Path(dropped["path"])
            try:
                read = take_upload(path, folder, explorer.frame)
            except DataError as error:
                return gradio.skip(), None, f"<p class='note' role='alert'>{html.escape(str(error))}</p>"
            return Subject(pixels=read.pixels, name=shown(path.name), notes=read.notes), None, ""

        def numbered(number: float | None) -> tuple[Subject, str]:
            return explorer.test_image(int(number or 0)), ""

        def layered(arm: str) -> Any:
            names = explorer.layers(arm)
            return gradio.Dropdown(names, value=names[0])

        one_at_a_time = {"concurrency_id": "one", "concurrency_limit": 1, "api_visibility": "private"}
        asked, drawn = [subject, arm, other, seed, layer], [answers, attention, portrait, curves]
        page.load(looked, asked, drawn, **one_at_a_time)
        # Gradio's own reading of a file would leave an empty one behind each time.
        upload.upload(taken, upload, [subject, upload, said], preprocess=False, **one_at_a_time)
        number.change(numbered, number, [subject, said], **one_at_a_time)
        arm.change(layered, arm, layer, **one_at_a_time)
        for one in (subject, arm, other, seed, layer):
            one.change(looked, asked, drawn, **one_at_a_time)
    return page
