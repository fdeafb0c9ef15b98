"""`ceteris init`: a study file for a folder of images, to begin with."""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.text import Text

from ceteris.cli.console import print_notes
from ceteris.datasets.choice import KNOWN_NAMES
from ceteris.datasets.decoding import Decoded, decode
from ceteris.datasets.folder_dataset import listed_kind
from ceteris.datasets.folder_listing import FolderListing, list_folder
from ceteris.datasets.picture import Frame
from ceteris.errors import DataError, StudyError
from ceteris.paths import quoted, shown
from ceteris.report.quantities import seeds_each
from ceteris.resources import available_cores
from ceteris.results.atomic import write_atomically
from ceteris.study.analysis import USUAL_MARGIN, Resolution
from ceteris.study.reader import parse_study
from ceteris.study.study import Study

_LOOKED_AT = 200
_LONG = 2.0
_NAMED = 8
_LONGEST_TITLE = 200


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a study file for a folder says: size and fit of images, about how many to train on, and what there is."""

    size: int
    fit: str
    images: int
    classes: tuple[str, ...]
    has_test: bool
    has_validation: bool


def init(folder: Path, *, out: Path | None, console: Console) -> Study:
    """Write a study file for a folder of images, say what comes next, and give the study."""
    listing = list_folder(folder)
    file = out or Path(f"{folder.resolve().name}.toml")
    if file.exists() or file.is_symlink():
        raise StudyError(f"{shown(file)} exists and is left as it is. Name another file with --out.")
    if not file.parent.is_dir():
        raise StudyError(
            f"{shown(file)}: there is no folder {shown(file.parent)}. Make it, or choose another with --out."
        )
    drafted = draft(listing)
    text = study_text(drafted, name=_seen_from(file, folder), title=listing.name, file=file)
    study = parse_study(file, text)  # first: no file is left that cannot be used
    write_atomically(file, text.encode())
    arms, command_file = len(study.arms()), shown(quoted(file))
    console.print(Text(f"study: {shown(file)}", style="bold"), soft_wrap=True)
    console.print(
        Text(
            f"{len(drafted.classes)} classes, images of {drafted.size} x {drafted.size} pixels, a baseline and "
            f"{arms - 1} variations, {seeds_each(study)}.\n"
            f"Read it and change it; then `ceteris plan {command_file}` says what it costs, and "
            f"`ceteris run {command_file}` trains it."
        ),
        soft_wrap=True,
    )
    images = listed_kind(listing, study.data)
    if warning := Resolution(test_images=images.test_images, margin=study.analysis.margin_points).warning:
        print_notes([warning], console)
    return study


def _seen_from(file: Path, folder: Path) -> str:
    """Give the path of the folder as the study names it: from its own place, and never taken for something else."""
    try:
        name = Path(os.path.relpath(folder.resolve(), file.parent.resolve())).as_posix()
    except ValueError:  # another drive of Windows
        return folder.resolve().as_posix()
    return f"./{name}" if name in KNOWN_NAMES or name.startswith("~") else name


def draft(listing: FolderListing) -> Draft:
    """Choose size and fit by a look at some of the files."""
    files = listing.training[:: max(1, len(listing.training) // _LOOKED_AT)]
    sizes = []
    with closing(decode([file.path for file in files], Frame(height=8, width=8), workers=available_cores())) as answers:
        for _, answer in answers:
            if isinstance(answer, Decoded):
                sizes.append((answer.picture.width, answer.picture.height))
    if not sizes:
        where = shown(listing.path)
        raise DataError(
            f"{where}: of {len(files)} files that were looked at, none is an image that can be read. Run "
            f"`ceteris data check {shown(quoted(listing.path))}` to see why."
        )
    side = median(min(size) for size in sizes)
    long = sum(max(size) > _LONG * min(size) for size in sizes)
    return Draft(
        size=next((size for size in (64, 32, 16) if side >= size), 16),
        fit="pad" if long > len(sizes) / 4 else "crop",
        images=len(listing.training),
        classes=listing.class_names,
        has_test=listing.test is not None,
        has_validation=listing.validation is not None,
    )


def study_text(drafted: Draft, *, name: str, title: str, file: Path) -> str:
    """Write the study file, with the path of the folder as seen from the file."""
    named = [shown(one) for one in drafted.classes[:_NAMED]]
    more = [f"{len(drafted.classes) - _NAMED} more"] if len(drafted.classes) > _NAMED else []
    shares, heading = [], f"A first study of {title}"
    if not drafted.has_validation:
        shares.append("validation = 0.1            # share of the training images that watches convergence")
    if not drafted.has_test:
        shares.append("test = 0.2                  # share of each class that is set aside for the test, by content")
    return _STUDY.format(
        file=shown(quoted(file)),
        title=_string(heading if len(heading) <= _LONGEST_TITLE else f"{heading[: _LONGEST_TITLE - 3]}..."),
        classes=f"{len(drafted.classes)} classes: {', '.join([*named, *more])}",
        name=_string(name),
        size=drafted.size,
        fit=drafted.fit,
        shares="\n".join(shares),
        layers="\n".join(_LAYERS[drafted.size]),
        epochs=30 if drafted.images < 1000 else 15 if drafted.images < 10_000 else 10,
        last=_LAYERS[drafted.size].index(_LAST_CONVOLUTION),
        dropout=len(_LAYERS[drafted.size]) - 1,
        margin=USUAL_MARGIN,
    ).replace("\n\n\n", "\n\n")


def _string(text: str) -> str:
    """Write a TOML string."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StudyError(f"the path {shown(text)} holds bytes that are no text. Rename the folder.") from None
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'


_LAST_CONVOLUTION = '  { conv = 16, kernel = 3, padding = "same", activation = "relu" },'
_FIRST = '  {{ conv = {channels}, kernel = 3, padding = "same", activation = "relu" }},'
_POOL = "  { max_pool = 2 },"
_END = '  { dense = "classes" },      # as many neurons as there are class folders'
_LAST = (_LAST_CONVOLUTION, _POOL, _END)
_LAYERS = {
    size: [
        *(line for width in widths for line in (_FIRST.format(channels=width), _POOL)),
        _LAST_CONVOLUTION,
        _POOL,
        _END,
    ]
    for size, widths in {16: (8,), 32: (8, 12), 64: (6, 8, 12)}.items()
}

_STUDY = """\
# A first study, written by `ceteris init` and yours to change.
#
#   ceteris plan {file}     what will be trained, what it costs, what it can show
#   ceteris run {file}      train it; run it again to go on after a break

title = {title}
question = "Which of these changes make the baseline better?"
seeds = 8                   # each arm is trained 8 times; more seeds show smaller differences

[data]                      # {classes}
name = {name}
size = {size}                   # every image becomes so many pixels wide and high
fit = "{fit}"                # "crop": its middle; "pad": all of it, with black around; "squash": proportions given up
{shares}

[baseline.network]          # halved by each max_pool, the image ends a few pixels wide
layers = [
{layers}
]

[baseline.training]
optimizer = "adam"
learning_rate = 0.001
batch_size = 32
epochs = {epochs}

[analysis]                  # decided before any result is seen
margin = {margin:<18} # smaller differences than this are practically none, in percentage points

# Each variation is the baseline with one thing changed; layers count from 0.

[[variation]]
factor = "learning rate"
name = "0.003"
set = {{ "training.learning_rate" = 0.003 }}

[[variation]]
factor = "learning rate"
name = "0.0003"
set = {{ "training.learning_rate" = 0.0003 }}

[[variation]]
factor = "augmentation"
name = "mirrored"           # not for images where left and right matter, such as letters
set = {{ "training.flip" = true }}

[[variation]]
factor = "regularisation"
name = "dropout"
insert = {{ before = "network.layers.{dropout}", layer = {{ dropout = 0.3 }} }}

[[variation]]
factor = "normalisation"
name = "batch norm"
insert = {{ after = "network.layers.0", layer = {{ batch_norm = true }} }}

[[variation]]
factor = "depth"
name = "one more convolution"

[variation.insert]
after = "network.layers.{last}"
layer = {{ conv = 16, kernel = 3, padding = "same", activation = "relu" }}
"""
