"""What the page does when somebody picks, drops or asks: from what the controls hold to what they and the page show."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ceteris.data.decoding import shown
from ceteris.errors import DataError
from ceteris.explore.explorer import Explorer, Subject
from ceteris.explore.markup import alert, said
from ceteris.explore.upload import take_upload

NONE, ALL = "(none)", "all seeds"
"""What the lists offer for no second variation, and for all seeds together."""


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
        pairs = zip(_chosen(arm, other), layers, strict=False)
        return "".join(self._explorer.inside(subject, one, _seed(seed), layer or "") for one, layer in pairs)

    def learnt(self, arm: str, other: str) -> str:
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

    def taken(self, dropped: Mapping[str, str] | None) -> tuple[Any, Any, str]:
        """Look at an image that was dropped, or say why not; the place to drop is free again."""
        if dropped is None:
            return self._gradio.skip(), self._gradio.skip(), ""
        path = Path(dropped["path"])
        try:
            read = take_upload(path, self._folder, self._explorer.frame)
        except DataError as error:
            return self._gradio.skip(), None, alert(str(error))
        return Subject(pixels=read.pixels, name=shown(path.name), notes=read.notes), None, ""

    def numbered(self, number: float | None) -> tuple[Subject, str]:
        """Look at a test image."""
        return self._explorer.test_image(int(number or 0)), ""

    def stepped(self, number: float | None) -> tuple[int, Subject, str]:
        """Look at the next test image, after the last one at the first."""
        after = (int(number or 0) + 1) % len(self._explorer.images)
        return after, *self.numbered(after)

    def mistaken(self, arm: str, seed: str, number: float | None) -> tuple[Any, Any, str]:
        """Look at the next test image that the variation got wrong."""
        found = self._explorer.next_mistake(arm, _seed(seed), int(number or 0))
        if found is None:
            message = said(f"{arm} gave no wrong answer to a test image.")
            return self._gradio.skip(), self._gradio.skip(), message
        return found, *self.numbered(found)


def _chosen(arm: str, other: str) -> list[str]:
    return [arm] if other in {NONE, arm} else [arm, other]


def _seed(seed: str) -> int | None:
    return None if seed == ALL else int(seed)
