"""A folder of photographs that never were: mixed sizes, formats and faults, the same for the same seed.

    python tests/datasets/photographs.py FOLDER [COUNT [SEED]]

writes COUNT files (3,000 if not given; others for another SEED) of leaves, shells and stones, as a careless collector
would keep them: nine in ten sound, from thumbnails to twelve megapixels, some turned, grey, with palettes, 16 bits,
CMYK or transparency; some copied, some copied with changes, some damaged, some no pictures at all.
"""

import sys
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

CLASSES = ("leaf", "shell", "stone")
SIZES = ((4000, 3000), (1600, 1200), (1024, 768), (800, 600), (640, 480), (480, 640), (300, 200), (120, 90), (48, 48))
OFTEN = (0.01, 0.05, 0.14, 0.2, 0.2, 0.15, 0.15, 0.08, 0.02)
FAULTS = ("empty", "cut", "page", "text", "zeros", "bomb")


def write_photographs(folder, count=3000, *, seed=7, largest=4000):
    """Write the folder, and give the names of the files that no reader can use.

    Args:
        folder: Made if need be.
        count: Files in all.
        seed: Of everything drawn.
        largest: Longer sides are left out, for tests in a hurry.
    """
    generator = np.random.default_rng(seed)
    unusable = []
    before = None
    for number in range(count):
        name = CLASSES[number % len(CLASSES)]
        chance = generator.random()
        if 0.03 <= chance < 0.08 and before is not None and generator.random() < 0.75:
            name = before[3]  # most copies lie where the original does
        (folder / name).mkdir(parents=True, exist_ok=True)
        if chance < 0.03:
            fault = FAULTS[int(generator.integers(len(FAULTS)))]
            ending, content = "jpg", _faulty(fault, draw_photograph(name, (320, 240), generator))
            unusable.append(f"{name}/{number:04}.{ending}")
        elif chance < 0.05 and before is not None:
            ending, content = before[0], before[1]  # a copy, perhaps in another class
        elif chance < 0.08 and before is not None:
            ending, content = "jpg", _again(before[2])
        else:
            sizes = [size for size in SIZES if max(size) <= largest]
            odds = np.array([often for size, often in zip(SIZES, OFTEN, strict=True) if max(size) <= largest])
            picture = draw_photograph(name, sizes[int(generator.choice(len(sizes), p=odds / odds.sum()))], generator)
            ending, content = _encoded(picture, generator)
            before = (ending, content, picture, name)
        (folder / name / f"{number:04}.{ending}").write_bytes(content)
    return unusable


def draw_photograph(name, size, generator):
    """Draw one thing on a ground; a class has its outline, and no colour of its own."""
    width, height = size
    scale = min(1, 640 / max(size))  # drawn small and enlarged: nobody looks at the grain
    canvas = (max(8, round(width * scale)), max(8, round(height * scale)))
    ground = generator.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(ground).resize(canvas, Image.Resampling.BICUBIC)
    side = min(canvas)
    radius = side * generator.uniform(0.22, 0.42)
    middle = np.array(canvas) / 2 + generator.uniform(-0.1, 0.1, 2) * side
    turn = generator.uniform(0, 2 * np.pi)
    angle = np.linspace(0, 2 * np.pi, 90)
    match name:
        case "leaf":
            outline = np.abs(np.cos(angle)) ** 0.5 * np.sign(np.cos(angle)), 0.35 * np.sin(angle)
        case "shell":
            ridges = 1 + 0.22 * np.cos(9 * angle)
            outline = ridges * np.cos(angle), ridges * np.sin(angle)
        case _:
            bumps = 1 + 0.08 * np.cos(2 * angle + generator.uniform(0, 6)) + 0.06 * np.cos(3 * angle)
            outline = bumps * np.cos(angle), 0.8 * bumps * np.sin(angle)
    across, down = radius * np.array(outline)
    points = np.stack(
        [across * np.cos(turn) - down * np.sin(turn), across * np.sin(turn) + down * np.cos(turn)], axis=1
    )
    colour = tuple(int(level) for level in generator.integers(0, 256, 3))
    ImageDraw.Draw(picture).polygon([tuple(point) for point in points + middle], fill=colour)
    picture = picture.filter(ImageFilter.GaussianBlur(side / 300))
    grain = generator.normal(0, generator.uniform(2, 12), (canvas[1], canvas[0], 1))
    noisy = np.clip(np.asarray(picture, np.float32) + grain, 0, 255).astype(np.uint8)
    return Image.fromarray(noisy).resize(size, Image.Resampling.BILINEAR)


def _encoded(picture, generator):
    """Give the ending and the bytes of a file."""
    kind = str(generator.choice(list(_KINDS), p=[often for often, _, _ in _KINDS.values()]))
    _, ending, encode = _KINDS[kind]
    return ending, encode(picture, int(generator.integers(70, 96)))


def _turned(picture, quality):
    exif = Image.Exif()
    exif[0x0112] = 6
    return _saved(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=quality, exif=exif)


def _clear(picture, _quality):
    clear = picture.copy()
    clear.putalpha(picture.convert("L").point(lambda level: 255 if level > 60 else 0))
    return _saved(clear, "PNG", compress_level=1)


def _wide(picture, _quality):
    levels = np.asarray(picture.convert("L"), np.uint16) * 257
    return _saved(Image.fromarray(levels), "PNG", compress_level=1)


def _again(picture):
    """Save a picture as somebody does who sends it on: a little smaller, and compressed harder."""
    smaller = picture.resize((max(1, picture.width * 9 // 10), max(1, picture.height * 9 // 10)))
    return _saved(smaller, "JPEG", quality=60)


def _faulty(fault, picture):
    match fault:
        case "empty":
            return b""
        case "cut":
            whole = _saved(picture, "JPEG")
            return whole[: len(whole) // 2]
        case "page":
            return b"<!DOCTYPE html><html><body>404 Not Found</body></html>"
        case "text":
            return b"This was to be a picture.\n" * 40
        case "zeros":
            return bytes(20_000)
        case _:
            whole = bytearray(_saved(picture, "BMP"))
            whole[18:26] = (60_000).to_bytes(4, "little") * 2
            return bytes(whole)


# How often, the ending, and how a picture becomes bytes at some quality.
_KINDS = {
    "usual": (0.5, "jpg", lambda picture, quality: _saved(picture, "JPEG", quality=quality)),
    "turned": (0.12, "JPG", _turned),
    "grey": (0.05, "jpeg", lambda picture, quality: _saved(picture.convert("L"), "JPEG", quality=quality)),
    "cmyk": (0.02, "jpg", lambda picture, quality: _saved(picture.convert("CMYK"), "JPEG", quality=quality)),
    "png": (0.08, "png", lambda picture, _: _saved(picture, "PNG", compress_level=1)),
    "palette": (0.04, "png", lambda picture, _: _saved(picture.quantize(128), "PNG", compress_level=1)),
    "clear": (0.03, "png", _clear),
    "wide": (0.02, "png", _wide),
    "webp": (0.06, "webp", lambda picture, quality: _saved(picture, "WEBP", quality=quality, method=0)),
    "bmp": (0.02, "bmp", lambda picture, _: _saved(picture, "BMP")),
    "gif": (0.03, "gif", lambda picture, _: _saved(picture.quantize(64), "GIF")),
    "tiff": (0.03, "tif", lambda picture, _: _saved(picture, "TIFF", compression="tiff_lzw")),
}


def _saved(picture, kind, **options):
    file = BytesIO()
    picture.copy().save(file, kind, **options)
    return file.getvalue()


if __name__ == "__main__":
    count, seed = (*map(int, sys.argv[2:]), *(3000, 7)[len(sys.argv) - 2 :])
    written = write_photographs(Path(sys.argv[1]), count, seed=seed)
    sys.stdout.write(f"files that no reader can use: {len(written)}\n")
