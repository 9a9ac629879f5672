"""A drawn face, since no photo of a person is in this repository; the model finds it as it finds a real one."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SKIN, HAIR = (222, 180, 150), (50, 35, 25)
FACE = (210, 120, 430, 460)  # what must be covered of the drawing, at 640 pixels


def face(size: int = 640) -> Image.Image:
    canvas = Image.new("RGB", (640, 640), (150, 170, 190))
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((120, 480, 520, 640), fill=(60, 70, 110))
    draw.rectangle((260, 400, 380, 520), fill=_darker(0.85))
    draw.ellipse((170, 60, 470, 330), fill=HAIR)
    draw.ellipse((210, 150, 430, 460), fill=SKIN)
    for left in (250, 345):
        _eye(draw, left)
    draw.line((320, 240, 312, 320), fill=_darker(0.8), width=6)
    draw.ellipse((292, 315, 348, 345), fill=_darker(0.88))
    for left in (300, 328):
        draw.ellipse((left, 328, left + 14, 338), fill=_darker(0.5))
    draw.ellipse((270, 372, 370, 408), fill=(175, 85, 85))
    draw.line((270, 390, 320, 385, 370, 390), fill=(110, 40, 40), width=5)
    return _lit(canvas.filter(ImageFilter.GaussianBlur(4)).resize((size, size)))


def _eye(draw: ImageDraw.ImageDraw, left: int) -> None:
    draw.ellipse((left, 230, left + 48, 256), fill=(245, 245, 245))
    draw.ellipse((left + 13, 230, left + 37, 256), fill=(60, 40, 20))
    draw.ellipse((left + 20, 237, left + 30, 247), fill=(5, 5, 5))
    draw.line((left - 6, 212, left + 22, 204, left + 54, 212), fill=HAIR, width=9)


def _darker(share: float) -> tuple[int, ...]:
    return tuple(int(value * share) for value in SKIN)


def _lit(canvas: Image.Image) -> Image.Image:
    """Light from the left, and the noise of a camera."""
    pixels = np.asarray(canvas) * np.linspace(1.1, 0.8, canvas.width)[None, :, None]
    noise = np.random.default_rng(1).normal(0, 4, pixels.shape)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))
