"""The page itself: Gradio on 127.0.0.1, which makes no network requests and keeps no file."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ceteris.errors import DataError, ResultsError
from ceteris.explore.explorer import Explorer, Subject
from ceteris.explore.guard import HOST, MOST_BYTES, Guard, take_upload
from ceteris.explore.markup import STYLE, beside, header, said
from ceteris.paths import shown

NONE, ALL = "(none)", "all seeds"
"""What the lists offer for no second variation, and for all seeds together."""

_MOST_SHOWN = 20  # letters of what is in the box for a number


class Reactions:
    """One function for each thing that can happen; `other` is the variation beside, `number` that of a test image."""

    def __init__(self, gradio: Any, explorer: Explorer, folder: Path) -> None:
        self._gradio, self._explorer, self._folder = gradio, explorer, folder

    def answered(self, subject: Subject, arm: str, other: str, seed: str) -> str:
        """Show what the networks say."""
        return self._explorer.answers(subject, _chosen(arm, other), _seed(seed))

    def looked(self, subject: Subject, arm: str, other: str, seed: str) -> str:
        """Show where they looked; apart from the answer, which need not wait for PyTorch to load."""
        return self._explorer.attention(subject, _chosen(arm, other), _seed(seed))

    def drawn(self, subject: Subject, arm: str, other: str, seed: str, *layers: str | None) -> str:
        """Show what a layer of each variation makes of the image."""
        chosen = _chosen(arm, other)
        return beside(
            [
                self._explorer.inside(subject, one, _seed(seed), layer or "", narrow=len(chosen) > 1)
                for one, layer in zip(chosen, layers, strict=False)
            ]
        )

    def curves(self, arm: str, other: str) -> str:
        """Show the learning curves."""
        return self._explorer.curves(_chosen(arm, other))

    def named(self, arm: str, other: str) -> tuple[Any, Any]:
        """Offer the layers of the variations."""
        return self.layer_list(arm), self.layer_list(other if other != arm else NONE)

    def layer_list(self, arm: str) -> Any:
        """Give the list of a variation's layers; of none a hidden one."""
        names = self._explorer.layers(arm) if arm in self._explorer.finished else ()
        first = names[0] if names else None
        return self._gradio.Dropdown(list(names), value=first, label=f"Layer of {arm}", visible=bool(names))

    def taken(self, dropped: Mapping[str, str] | None) -> tuple[Any, Any, Any, str]:
        """Look at an image that was dropped, or say why not; the place to drop is free again.

        Of a test image no number is left, for none is looked at.
        """
        keep = self._gradio.skip()
        if dropped is None:
            return keep, keep, keep, ""
        path = Path(dropped["path"])
        try:
            read = take_upload(path, self._folder, self._explorer.frame)
        except DataError as error:
            return keep, keep, None, said(str(error), aloud=True)
        return Subject(pixels=read.pixels, name=shown(path.name), notes=read.notes), None, None, ""

    def numbered(self, number: object) -> tuple[Any, Any, str]:
        """Look at a test image, or say why there is none of that number; gives the image and its number."""
        keep = self._gradio.skip()
        if number is None:  # the box was emptied
            return keep, keep, ""
        try:
            place = _whole(number)
            return self._explorer.test_image(place), place, ""
        except ResultsError as error:
            return keep, keep, said(str(error), aloud=True)

    def stepped(self, place: int) -> tuple[int, Subject, int, str]:
        """Look at the next test image, after the last one at the first."""
        after = (place + 1) % len(self._explorer.images)
        return after, self._explorer.test_image(after), after, ""

    def mistaken(self, arm: str, seed: str, place: int) -> tuple[Any, Any, Any, str]:
        """Look at the next test image that the variation got wrong."""
        found = self._explorer.next_mistake(arm, _seed(seed), place)
        if found is None:
            keep, message = self._gradio.skip(), said(f"{arm} gave no wrong answer to a test image.")
            return keep, keep, keep, message
        return found, self._explorer.test_image(found), found, ""


def _whole(number: object) -> int:
    """Give a number as it stands in the box, if it is a whole one."""
    if isinstance(number, int | float) and float(number).is_integer():
        return int(number)
    raise ResultsError(f"'{str(number)[:_MOST_SHOWN]}' is not the number of a test image. Give a whole number.")


def _chosen(arm: str, other: str) -> list[str]:
    return [arm] if other in {NONE, arm} else [arm, other]


def _seed(seed: str) -> int | None:
    return None if seed == ALL else int(seed)


_ABOUT_ATTENTION = (
    "Places that raised the score of the class that the answer puts first, by "
    "Grad-CAM (Selvaraju et al. 2017). It shows where, at the resolution of the layer, and not why; "
    "seeds that look at different places have learned different things."
)
_ABOUT_LAYERS = (
    "What comes out of a layer for this image, one picture a channel, before and after training; "
    "below it the kernels, if the layer is a convolution. One seed: the first, if all are chosen."
)
_ABOUT_CURVES = "Learning curves of the variations beside the baseline: means over seeds with their 95 % intervals."


@contextmanager
def serving(explorer: Explorer, *, port: int | None, in_browser: bool) -> Iterator[str]:
    """Serve the page until the block ends, and give its address.

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
                css=STYLE,
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
    study, last = explorer.results.manifest.study, len(explorer.images) - 1
    with gradio.Blocks(title=f"ceteris: {study.title}", analytics_enabled=False, delete_cache=(60, 600)) as page:
        gradio.HTML(header(study.title, study.question, explorer.results.notes))
        react, subject = Reactions(gradio, explorer, folder), gradio.State(explorer.test_image(0))
        place = gradio.State(0)  # the test image that was looked at last, whatever the box for its number holds
        with gradio.Row():
            with gradio.Column(scale=1, min_width=240):
                arm = gradio.Dropdown(arms, value=arms[0], label="Variation")
                other = gradio.Dropdown([NONE, *arms], value=NONE, label="Compare with")
                seed = gradio.Dropdown([ALL, *map(str, seeds)], value=ALL, label="Seed")
                # Without bounds of its own: Gradio answers a number beyond them with a traceback on the terminal.
                number = gradio.Number(0, label=f"Test image, 0 to {last}")
                with gradio.Row():
                    onward = gradio.Button("Next image", size="sm", min_width=80)
                    mistake = gradio.Button("Next mistake", size="sm", min_width=80)
                upload = gradio.File(
                    label=f"Or an image of yours, up to {MOST_BYTES // 2**20} MiB", file_count="single", height=140
                )
                message = gradio.HTML(elem_id="said", padding=False)
            with gradio.Column(scale=3):
                answers = gradio.HTML(elem_id="answers")
                with gradio.Tab("Where it looked"):
                    gradio.Markdown(_ABOUT_ATTENTION)
                    attention = gradio.HTML(elem_id="attention")
                with gradio.Tab("Layers"):
                    gradio.Markdown(_ABOUT_LAYERS)
                    with gradio.Row():
                        layer = react.layer_list(arms[0])
                        other_layer = react.layer_list(NONE)
                    inside = gradio.HTML(elem_id="inside")
                with gradio.Tab("Learning"):
                    gradio.Markdown(_ABOUT_CURVES)
                    curves = gradio.HTML(elem_id="curves")

        one_at_a_time = {"concurrency_id": "one", "concurrency_limit": 1, "api_visibility": "private"}
        asked, places = [subject, arm, other, seed], [layer, other_layer]

        def look(event: Any) -> Any:
            said = event(react.answered, asked, answers, **one_at_a_time)
            shown = said.then(react.looked, asked, attention, **one_at_a_time)
            return shown.then(react.drawn, asked + places, inside, **one_at_a_time)

        look(page.load).then(react.curves, [arm, other], curves, **one_at_a_time)
        look(subject.change)
        look(seed.input)
        for changed in (arm, other):
            relabelled = changed.input(react.named, [arm, other], places, **one_at_a_time)
            look(relabelled.then).then(react.curves, [arm, other], curves, **one_at_a_time)
        for changed in places:
            changed.input(react.drawn, asked + places, inside, **one_at_a_time)
        # Gradio's own reading of a file would leave an empty one behind each time.
        upload.upload(react.taken, upload, [subject, number, upload, message], preprocess=False, **one_at_a_time)
        for event in (number.input, number.submit):
            event(react.numbered, number, [subject, place, message], **one_at_a_time)
        looked = [number, subject, place, message]
        onward.click(react.stepped, place, looked, **one_at_a_time)
        mistake.click(react.mistaken, [arm, seed, place], looked, **one_at_a_time)
    return page
