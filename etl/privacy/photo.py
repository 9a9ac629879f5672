"""The safe rebuild of a photo: nothing of the file that was sent survives but pixels, made small, with faces covered.

Decode within limits -> upright -> at most 1280 pixels -> new from raw pixels -> faces filled -> written as JPEG. What is
hidden beside the pixels (place, camera, comment, preview, bytes behind the end) has no way through. No plate is found
by it, and a face may be missed: a person looks at each photo before it is shown.
"""

import io
import re
import warnings
from dataclasses import dataclass

import numpy as np

from etl.privacy import faces
from etl.privacy.faces import Box
from hub.errors import ConfigurationError, SourceError

LARGEST = 30_000_000  # bytes of a file
PIXELS = 40_000_000
SIDE = 1280
QUALITY = 85
FILL = (64, 64, 64)
START, END, PIXEL_DATA = b"\xff\xd8", b"\xff\xd9", 0xDA
PLAIN = {0xE0, 0xDB, 0xC0, 0xC4, PIXEL_DATA}  # markers of a JPEG: JFIF, tables, size, pixels
JFIF_BYTES = 16  # more would hold a preview
INSIDE = re.compile(rb"\xff[^\x00\xd0-\xd7]")  # a marker that does not belong into the pixels
# what a file begins with -> how its format is called
MAGIC = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF", b"RIFF": "WEBP"}


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that was rebuilt: a JPEG, its size in pixels, and the boxes that were covered."""

    body: bytes
    width: int
    height: int
    covered: tuple[Box, ...]


def rebuild(body: bytes, name: str) -> Photo:
    """A new photo from what is seen in an old one. Raises SourceError for what is no photo or too large, by the `name`
    of its file, and ConfigurationError without the extra `photo`."""
    image = _opened(body, name)
    pixels = np.asarray(_small(image, name))
    return _written(pixels, tuple(faces.find(pixels)))


def cover(photo: Photo, boxes: tuple[Box, ...]) -> Photo:
    """The photo with more boxes covered, by an officer's hand."""
    for box in boxes:
        left, top, right, bottom = box
        if not (0 <= left < right <= photo.width and 0 <= top < bottom <= photo.height):
            raise ConfigurationError(
                f"The box {','.join(map(str, box))} is not in the photo of {photo.width} x {photo.height} pixels.",
                "write it as left,top,right,bottom in pixels",
            )
    pixels = np.asarray(_pillow().open(io.BytesIO(photo.body), formats=["JPEG"]))
    made = _written(pixels, boxes)
    return Photo(made.body, made.width, made.height, photo.covered + boxes)


def is_plain(body: bytes) -> bool:
    """Whether a file is as `rebuild` writes it: a JPEG with nothing beside its pixels or behind them."""
    at = len(START)
    while body.startswith(START) and len(body) > at + 4 and body[at] == 0xFF and body[at + 1] in PLAIN:
        length = int.from_bytes(body[at + 2 : at + 4], "big")
        if body[at + 1] == PIXEL_DATA:
            end = INSIDE.search(body, at + 2 + length)
            return end is not None and body[end.start() :] == END
        if body[at + 1] == 0xE0 and length != JFIF_BYTES:
            return False
        at += 2 + length
    return False


def _pillow():
    try:
        from PIL import Image
    except ImportError:
        raise ConfigurationError("Photos need Pillow, which is not installed.", faces.CURE) from None
    return Image


def _opened(body: bytes, name: str):
    """The image with its header read and no pixel yet."""
    image_of = _pillow()
    kind = next((kind for magic, kind in MAGIC.items() if body.startswith(magic)), None)
    if kind is None:
        raise SourceError(f"{name} is not a photo.", "send a JPEG, PNG, WebP or GIF file")
    if len(body) > LARGEST:
        raise SourceError(f"{name} has {len(body):,} bytes, more than {LARGEST:,}.", "send a smaller photo")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", image_of.DecompressionBombWarning)  # we are stricter
        try:
            image = image_of.open(io.BytesIO(body), formats=[kind])
        except image_of.DecompressionBombError:
            raise SourceError(f"{name} has far more than {PIXELS:,} pixels.", "send a smaller photo") from None
        except _broken() as error:
            raise SourceError(f"{name} cannot be read as {kind}{_told(error)}.", "send the photo again") from None
    if image.width * image.height > PIXELS:
        told = f"{image.width:,} x {image.height:,} pixels, more than {PIXELS:,}"
        raise SourceError(f"{name} has {told}.", "send a smaller photo")
    return image


def _broken() -> tuple[type[Exception], ...]:
    """How a decoder says that a file is broken."""
    return OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, OverflowError, TypeError


def _told(error: Exception) -> str:
    """What a decoder says, unless it speaks of objects in memory."""
    return "" if "<" in str(error) else f": {error}"


def _small(image, name: str):
    """The first picture in it, upright, in plain red, green and blue, at most SIDE pixels wide and tall."""
    from PIL import ImageOps

    try:
        image.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG need not be decoded larger than it is used
        image.load()
        upright = ImageOps.exif_transpose(image)
    except _broken() as error:
        raise SourceError(f"{name} is damaged{_told(error)}.", "send the photo again") from None
    plain = (
        _on_white(upright) if "A" in upright.getbands() or "transparency" in upright.info else upright.convert("RGB")
    )
    plain.thumbnail((SIDE, SIDE), _pillow().Resampling.LANCZOS)
    return plain


def _on_white(image):
    """What shines through becomes white: colours under it may hide something."""
    from PIL import Image

    seen = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")


def _written(pixels: np.ndarray, boxes: tuple[Box, ...]) -> Photo:
    """A JPEG of raw pixels alone."""
    filled = pixels.copy()
    for left, top, right, bottom in boxes:
        filled[top:bottom, left:right] = FILL
    height, width = filled.shape[:2]
    made = io.BytesIO()
    _pillow().frombytes("RGB", (width, height), filled.tobytes()).save(made, "JPEG", quality=QUALITY)
    return Photo(made.getvalue(), width, height, boxes)
