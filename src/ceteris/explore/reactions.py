"""What the page does when somebody picks, drops or asks: from what the controls hold to what they and the page show."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ceteris.errors import DataError, ResultsError
from ceteris.explore.explorer import Explorer, Subject
from ceteris.explore.markup import alert, beside, said
from ceteris.explore.upload import take_upload
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
            return keep, keep, None, alert(str(error))
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
            return keep, keep, alert(str(error))

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
