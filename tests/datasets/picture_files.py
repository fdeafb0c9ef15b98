"""Image files for tests: one picture in every format and mode, files that are hard to read, and damage by chance."""

import struct
import zlib
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

HEIGHT, WIDTH = 40, 60


def scene(height=HEIGHT, width=WIDTH):
    """Draw smooth colours with one red corner, so that no side looks like another. Shape (height, width, 3), uint8."""
    down, across = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    pixels = np.stack([255 * across, 255 * down, 120 + 100 * across * down], axis=-1)
    pixels[: height // 4, : width // 4] = (255, 0, 0)
    return pixels.astype(np.uint8)


def saved(image, kind, **options):
    """Give the bytes of an image file."""
    file = BytesIO()
    image.copy().save(file, kind, **options)  # Pillow keeps the options of one saving for the next
    return file.getvalue()


@cache
def exchanging_profile():
    """Give a colour profile in which red means green, and green red: that of sRGB with the two primaries exchanged."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    entries = range(132, 132 + 12 * struct.unpack(">I", content[128:132])[0], 12)
    at = {bytes(content[entry : entry + 4]): slice(entry + 4, entry + 12) for entry in entries}
    content[at[b"rXYZ"]], content[at[b"gXYZ"]] = content[at[b"gXYZ"]], content[at[b"rXYZ"]]
    return bytes(content).replace("sRGB".encode("utf-16-be"), "GRBs".encode("utf-16-be"))


@cache
def in_every_mode():
    """Give a sound file of the scene for each format and mode that is read, by a name that says which."""
    colour = Image.fromarray(scene())
    grey, alpha = colour.convert("L"), Image.fromarray(scene()[..., 0])
    clear = colour.convert("RGBA")
    clear.putalpha(alpha)
    wide = Image.fromarray(np.asarray(grey, np.uint16) * 257)
    palette = colour.quantize(64)
    return {
        "jpeg colour": saved(colour, "JPEG", quality=95),
        "jpeg grey": saved(grey, "JPEG"),
        "jpeg cmyk": saved(colour.convert("CMYK"), "JPEG"),
        "jpeg with a profile": saved(colour, "JPEG", quality=95, icc_profile=exchanging_profile()),
        "jpeg progressive": saved(colour, "JPEG", progressive=True),
        "png colour": saved(colour, "PNG"),
        "png alpha": saved(clear, "PNG"),
        "png with a profile": saved(colour, "PNG", icc_profile=exchanging_profile()),
        "png palette": saved(palette, "PNG"),
        "png grey alpha": saved(clear.convert("LA"), "PNG"),
        "png 16 bits": saved(wide, "PNG"),
        "png 1 bit": saved(grey.convert("1"), "PNG"),
        "webp": saved(colour, "WEBP"),
        "webp lossless alpha": saved(clear, "WEBP", lossless=True),
        "webp with a profile": saved(colour, "WEBP", lossless=True, icc_profile=exchanging_profile()),
        "webp animated": saved(colour, "WEBP", save_all=True, append_images=[colour.rotate(90)]),
        "bmp": saved(colour, "BMP"),
        "bmp palette": saved(palette, "BMP"),
        "gif": saved(colour, "GIF"),
        "gif animated": saved(palette, "GIF", save_all=True, append_images=[palette.rotate(180)]),
        "tiff": saved(colour, "TIFF"),
        "tiff with a profile": saved(clear, "TIFF", icc_profile=exchanging_profile()),
        "tiff lzw": saved(colour, "TIFF", compression="tiff_lzw"),
        "tiff 16 bits": saved(wide, "TIFF"),
        "tiff real numbers": saved(Image.fromarray(np.asarray(grey, np.float32) / 255), "TIFF"),
        "tiff cmyk": saved(colour.convert("CMYK"), "TIFF"),
        "tiff lab": saved(Image.merge("LAB", (grey, *[Image.new("L", grey.size, 128)] * 2)), "TIFF"),
        "tiff pages": saved(colour, "TIFF", save_all=True, append_images=[grey]),
    }


def png_of(width, height, *, rows=b"", depth=8, kind=2, extra=b""):
    """Write a PNG file that says what it likes about its size."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + extra + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


@cache
def hard_files():
    """Give files that were made to be hard to read, by name: what is right of them is read, the rest refused."""
    good = in_every_mode()
    jpeg, png, gif, tiff, webp = (good[name] for name in ("jpeg colour", "png colour", "gif", "tiff", "webp"))
    colour = Image.fromarray(scene())
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = saved(colour, "JPEG", exif=exif.tobytes())
    bad_exif = turned.replace(b"MM\x00*", b"MM\xff\xff").replace(b"II*\x00", b"II\xff\xff")
    loop = bytearray(tiff)
    at = struct.unpack("<I", loop[4:8])[0]
    entries = struct.unpack("<H", loop[at : at + 2])[0]
    loop[at + 2 + 12 * entries : at + 6 + 12 * entries] = struct.pack("<I", at)  # the next page is this page
    bomb = zlib.compress(bytes(30_000_000), 9)
    text_bomb = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80_000_000), 9))
    bmp = bytearray(good["bmp"])
    bmp[18:26] = struct.pack("<ii", 2_000_000_000, 2_000_000_000)
    gif_size = bytearray(gif)
    gif_size[6:10] = struct.pack("<HH", 65535, 65535)
    return {
        "empty": b"",
        "one byte": b"\xff",
        "zeros": bytes(4096),
        "web page as jpeg": b"<!DOCTYPE html><title>404</title>",
        "text as png": b"not an image\n" * 50,
        "zip archive": b"PK\x03\x04" + bytes(200),
        "pickle": b"\x80\x04\x95cos\nsystem\n(S'true'\ntR.",
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
        "pdf": b"%PDF-1.7\n" + bytes(range(256)),
        "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "jpeg signature only": b"\xff\xd8\xff\xe0",
        "png signature only": png[:8],
        "gif signature only": b"GIF89a",
        "webp signature only": b"RIFF\xff\xff\xff\xffWEBPVP8 ",
        "tiff signature only": b"II*\x00\x08\x00\x00\x00",
        "half a jpeg": jpeg[: len(jpeg) // 2],
        "half a png": png[: len(png) // 2],
        "half a webp": webp[: len(webp) // 2],
        "half a tiff": tiff[: len(tiff) // 2],
        "jpeg without an end": jpeg[:-2],
        "jpeg and more": jpeg + b"<script>alert(1)</script>" * 100,
        "png of four gigapixels": png_of(65535, 65535, rows=bomb),
        "png of no pixels": png_of(0, 5),
        "png wider than memory": png_of(2**31 - 1, 1, rows=bomb),
        "png that unpacks to less": png_of(3000, 3000, rows=zlib.compress(bytes(10))),
        "png with a text bomb": png_of(1, 1, rows=zlib.compress(bytes(4)), extra=text_bomb),
        "png with false checks": png[:40] + bytes([png[40] ^ 255]) + png[41:],
        "bmp of impossible size": bytes(bmp),
        "gif of four gigapixels": bytes(gif_size),
        "tiff that points at itself": bytes(loop),
        "half a profile": saved(colour, "JPEG", icc_profile=exchanging_profile()[:300]),
        "profile for inks": saved(colour.convert("CMYK"), "JPEG", icc_profile=exchanging_profile()),
        "one pixel": saved(colour.crop((0, 0, 1, 1)), "PNG"),
        "one row": saved(Image.new("RGB", (9000, 1), "green"), "PNG"),
        "one column": saved(Image.new("L", (1, 9000), 80), "JPEG"),
        "turned": turned,
        "damaged exif": bad_exif,
        "wholly clear": saved(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG"),
    }


def damaged(content, generator):
    """Change a file by chance: flip bits, cut, repeat, or overwrite numbers with extreme ones."""
    content = bytearray(content)
    for _ in range(generator.integers(1, 6)):
        if not content:
            break
        at = int(generator.integers(len(content)))
        length = int(generator.integers(1, 64))
        match generator.integers(6):
            case 0:
                content[at] ^= 1 << int(generator.integers(8))
            case 1:
                del content[at:]
            case 2:
                del content[at : at + length]
            case 3:
                content[at:at] = content[at : at + length] * int(generator.integers(1, 50))
            case 4:
                content[at : at + length] = generator.bytes(length)
            case _:
                extreme = [0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF][int(generator.integers(6))]
                head = int(generator.integers(min(len(content), 200)))  # sizes stand near the beginning
                content[head : head + 4] = extreme.to_bytes(4, "big" if generator.integers(2) else "little")
    return bytes(content)


def _chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
