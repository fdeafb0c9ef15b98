"""What the page is made of, as HTML that needs nothing from anywhere; names are text and never markup."""

import base64
import html
import io
from collections.abc import Iterator, Sequence

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ceteris.explore.grad_cam import Attention
from ceteris.inference.ensemble import RankedClass
from ceteris.report.figures.drawing import Drawing
from ceteris.report.figures.style import DARK

_SIDE = 256  # pixels that an image is drawn with

STYLE = (
    """
.gradio-container { max-width: 90rem; margin: auto; }
.explored h1 { font-size: 1.6rem; margin: 0 0 .3rem; }
.explored p { margin: .2rem 0; max-width: 60rem; }
.side-by-side { display: flex; flex-wrap: wrap; gap: 1.2rem 2rem; align-items: flex-start; }
.side-by-side figure { margin: 0; width: 16rem; max-width: 100%; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem 2rem; }
.beside > * { min-width: 0; }
.side-by-side + .beside { margin-top: 1rem; }
.beside > :not(:only-child) .side-by-side { gap: 1rem; }
.beside > :not(:only-child) .side-by-side figure { width: calc(50% - .5rem); max-width: 11rem; }
.side-by-side img { image-rendering: pixelated; width: 100%; border-radius: 4px; }
.side-by-side figcaption { font-size: .85rem; padding-top: .3rem; }
.answer { flex: 1 1 22rem; min-width: 0; max-width: 36rem; }
.answer h2, .inside h2, .looks h2 { font-size: 1rem; margin: 0 0 .3rem; }
.answer .table { overflow-x: auto; max-width: calc(100vw - 5.5rem); }
.answer table.ranked { border-collapse: collapse; width: 100%; font-size: .9rem; margin: .3rem 0; }
.answer table.ranked, .answer table.ranked tr { border: 0 !important; }
.answer table.ranked :is(th, td) {
  border: 0; border-bottom: 1px solid var(--border-color-primary); padding: .3rem .6rem .3rem 0; text-align: left;
  color: inherit; background: none; vertical-align: middle;
}
.answer table.ranked th { font-weight: 400; color: var(--body-text-color-subdued); vertical-align: bottom; }
.answer table.ranked td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.answer tr.true td:first-child { font-weight: 700; }
.bar { position: relative; min-width: 6rem; height: .9rem; border-radius: 2px; }
.bar { background: var(--border-color-primary); }
.bar i { position: absolute; left: 0; top: 0; bottom: 0; background: var(--bar); border-radius: 2px; }
.bar b { position: absolute; top: 50%; height: 2px; margin-top: -1px; background: var(--body-text-color); }
.drawing { overflow-x: auto; max-width: calc(100vw - 5.5rem); --enlarged: 1.1; --reduced: .92; }
.drawing { --paper: var(--body-background-fill); background:
  linear-gradient(to left, var(--paper) 30%, transparent) 100% 0 / 2.5rem 100% no-repeat local,
  linear-gradient(to left, #80808080, transparent) 100% 0 / .9rem 100% no-repeat scroll; }
.beside > :not(:only-child) .drawing { --reduced: .5; }
.drawing svg { display: block; }
.inside { margin-bottom: 1.5rem; }
@media (max-width: 480px) {
  .answer table.ranked { font-size: .78rem; }
  .answer table.ranked :is(th, td) { padding-right: .3rem; }
  .answer .bar { min-width: 1.6rem; }
}
.scale { display: inline-block; width: 8rem; height: .7rem; border-radius: 2px; vertical-align: middle; }
.note { color: var(--noted); }
.explored .note { border-left: 3px solid var(--noted); padding-left: .6rem; font-size: .9rem; }
:root { --noted: #7a4f00; --bar: #0072b2; }
.dark { --noted: #f2b842; --bar: #56b4f2; """
    + " ".join(f"{name}: {colour};" for name, colour in DARK.items())
    + " }\n"
)


def header(title: str, question: str, notes: Sequence[str]) -> str:
    """Say what the page is for, and what a reader must know first."""
    parts = [f"<h1>{html.escape(title)}</h1>"]
    if question:
        parts.append(f"<p>{html.escape(question)}</p>")
    parts.append(
        "<p>Pick an image, or drop one of yours, and see what the networks of this study make of it. Each variation "
        "was trained several times, from different seeds: where its seeds disagree, the prediction may be "
        "due to chance.</p>"
    )
    return f"<div class='explored'>{''.join(parts)}{''.join(map(said, notes))}</div>"


def said(sentence: str, *, aloud: bool = False) -> str:
    """Give a sentence that a reader must see, or hear too."""
    role = " role='alert'" if aloud else ""
    return f"<p class='note'{role}>{html.escape(sentence)}</p>"


def side_by_side(parts: Sequence[str]) -> str:
    """Lay parts out beside each other, as far as there is room."""
    return f"<div class='side-by-side'>{''.join(parts)}</div>"


def beside(parts: Sequence[str]) -> str:
    """Lay what belongs to each variation out in columns of equal width, below each other where there is no room."""
    return f"<div class='beside'>{''.join(parts)}</div>"


def figure(pixels: NDArray[np.uint8], caption: str) -> str:
    """Draw pixels as squares that can be told apart."""
    image = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)
    times = max(1, _SIDE // max(image.size))
    buffer = io.BytesIO()
    image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST).save(buffer, "PNG")
    text, data = html.escape(caption, quote=True), base64.b64encode(buffer.getvalue()).decode()
    return f'<figure><img alt="{text}" src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'


def drawing(picture: Drawing) -> str:
    """Put a drawing on the page; it takes the page's colours."""
    assert picture.svg is not None, "asked for as SVG"
    return f"<div class='drawing'>{picture.svg}</div>"


def inside(heading: str, content: str) -> str:
    """Put a heading above what a layer makes of an image."""
    return f"<div class='inside'><h2>{html.escape(heading)}</h2>{content}</div>"


def answer(arm: str, seeds: Sequence[int], ranked: Sequence[RankedClass], label: str) -> Iterator[str]:
    """Show what networks say, the most probable class first, piece by piece."""
    several = len(seeds) > 1
    who = f"{len(seeds)} seeds together" if several else f"seed {seeds[0]}"
    yield f"<div class='answer'><h2>{html.escape(arm)}, {who}</h2>"
    first = ranked[0].name
    if label:
        verdict = "Right" if first == label else "Wrong"
        they = "they say" if several else "it says"
        yield f"<p>{verdict}: {they} {html.escape(first)}, and it is {html.escape(label)}.</p>"
    spread = "<th>lowest to highest seed</th><th>votes</th>" if several else ""
    yield f"<div class='table'><table class='ranked'><tr><th>class</th><th colspan='2'>probability</th>{spread}</tr>"
    for one in ranked:
        shown = " class='true'" if one.name == label else ""
        cells = f"<td>{html.escape(one.name)}</td><td>{_bar(one)}</td>"
        cells += f"<td class='number'>{100 * one.probability:.1f} %</td>"
        if several:
            cells += f"<td class='number'>{100 * one.lowest:.1f} to {100 * one.highest:.1f} %</td>"
            cells += f"<td class='number'>{one.votes} of {len(seeds)}</td>"
        yield f"<tr{shown}>{cells}</tr>"
    yield "</table></div></div>"


def _bar(one: RankedClass) -> str:
    """Draw the probability as a bar, and over it a line from the lowest to the highest of a seed."""
    low, wide = 100 * one.lowest, 100 * (one.highest - one.lowest)
    line = f"<b style='left:{low:.1f}%;width:{wide:.1f}%'></b>" if one.deviation is not None else ""
    return f"<div class='bar' aria-hidden='true'><i style='width:{100 * one.probability:.1f}%'></i>{line}</div>"


def looks(heading: str, figures: Sequence[str]) -> str:
    """Set pictures of where networks looked beside each other, with what their colours mean."""
    colours = ", ".join(mpl.colors.to_hex(_COLOURS(place / 4)) for place in range(5))
    return (
        f"<div class='looks'><h2>{html.escape(heading)}</h2>{side_by_side(figures)}<p>nothing "
        f"<span class='scale' style='background:linear-gradient(to right, {colours})'></span> most</p></div>"
    )


_COLOURS = mpl.colormaps["viridis"]


def overlaid(pixels: NDArray[np.uint8], found: Attention) -> NDArray[np.uint8]:
    """Lay the colours of the share over a grey copy of the image; where nothing spoke the image shows."""
    grey = pixels.mean(axis=2, keepdims=True) / 255
    colours = _COLOURS(found.share)[..., :3]
    mixed = 0.45 * grey + 0.55 * colours
    mixed_colours: NDArray[np.uint8] = np.rint(255 * np.clip(mixed, 0, 1)).astype(np.uint8)
    return mixed_colours
