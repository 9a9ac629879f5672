"""The safe rebuild of a photo: what is hidden in a file has no way through, what is no photo is refused in plain words.

Most tests say where a face is, or that there is none; those with `model` ask the model itself."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from etl.privacy import faces, photo
from etl.privacy.photo import FILL, SIDE, rebuild
from hub.errors import ConfigurationError, SourceError
from tests.privacy_photo.drawing import FACE, face

Turn = Image.Transpose
CANARY = b"CANARY-4711-WHIPPOORWILL"


FIND = faces.find


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    """No face is found, unless a test wants the model itself."""
    monkeypatch.setattr(faces, "find", lambda pixels: [])


@pytest.fixture
def model(nobody, monkeypatch):
    monkeypatch.setattr(faces, "find", FIND)


def picture(width: int = 640, height: int = 480) -> Image.Image:
    """Left half red, right half blue; green above, so that turns can be told."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 200
    pixels[:, width // 2 :, 2] = 200
    pixels[: height // 4, :, 1] = 200
    return Image.fromarray(pixels)


def saved(image: Image.Image, kind: str = "JPEG", **given) -> bytes:
    made = io.BytesIO()
    image.save(made, kind, **given)
    return made.getvalue()


def seen(body: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB")).astype(int)


def segments(body: bytes) -> list[int]:
    """The markers of a JPEG up to its pixels."""
    found, at = [], 2
    while True:
        marker, length = struct.unpack(">xBH", body[at : at + 4])
        found.append(marker)
        if marker == 0xDA:
            return found
        at += 2 + length


# What is hidden


def canaries() -> dict[str, bytes]:
    exif = Image.Exif()
    exif[0x010E], exif[0x013B] = CANARY.decode(), CANARY.decode()
    exif.get_ifd(0x8825)[1] = CANARY.decode()
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", CANARY.decode())
    info.add_itxt("XML:com.adobe.xmp", CANARY.decode())
    two = [Image.new("RGB", (64, 64), "red"), Image.frombytes("RGB", (8, 1), CANARY)]
    return {
        "exif and place": saved(picture(), exif=exif.tobytes()),
        "comment": saved(picture(), comment=CANARY),
        "colour profile": saved(picture(), icc_profile=b"\0" * 128 + CANARY),
        "behind the end": saved(picture()) + CANARY,
        "text of a png": saved(picture(), "PNG", pnginfo=info),
        "exif of a webp": saved(picture(), "WEBP", exif=exif.tobytes(), xmp=CANARY),
        "comment of a gif": saved(picture(), "GIF", comment=CANARY),
        "second picture": saved(two[0], "PNG", save_all=True, append_images=[two[1].resize((64, 64))], comment=CANARY),
        "under what shines through": saved(Image.frombytes("RGBA", (6, 1), CANARY).resize((600, 100)), "PNG"),
    }


@pytest.mark.parametrize("name", canaries())
def test_nothing_but_pixels_survives(name):
    made = rebuild(canaries()[name], "photo")
    assert CANARY not in made.body and CANARY.decode().encode("utf-16-le") not in made.body
    assert set(segments(made.body)) <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}  # JFIF, tables, size, pixels
    assert made.body.endswith(b"\xff\xd9") and made.body.count(b"JFIF") == 1
    again = Image.open(io.BytesIO(made.body))
    assert not again.getexif() and set(again.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_plain_save_would_keep_the_comment():
    """What a naive publisher does: so the test above can fail."""
    kept = saved(Image.open(io.BytesIO(saved(picture(), comment=CANARY))))
    assert CANARY in kept


def test_what_is_under_a_transparent_pixel_is_gone():
    hidden = picture().convert("RGBA")
    hidden.putalpha(0)
    assert (seen(rebuild(saved(hidden, "PNG"), "photo").body) > 250).all()


# What is seen


def test_a_photo_is_made_small_and_a_small_one_is_not_made_larger():
    made = rebuild(saved(picture(4000, 3000)), "photo")
    assert (made.width, made.height) == (SIDE, 960) == Image.open(io.BytesIO(made.body)).size
    assert (rebuild(saved(picture(300, 200)), "photo").width) == 300


# how a camera that notes this turn has stored the picture
TURNS = dict(enumerate((Turn.FLIP_LEFT_RIGHT, Turn.ROTATE_180, Turn.FLIP_TOP_BOTTOM, Turn.TRANSPOSE), 2))
TURNS |= dict(enumerate((Turn.ROTATE_90, Turn.TRANSVERSE, Turn.ROTATE_270), 6))


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_photo_stands_upright_whatever_its_camera_noted(turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    turned = picture() if turn == 1 else picture().transpose(TURNS[turn])
    made = seen(rebuild(saved(turned, exif=exif.tobytes(), quality=95), "photo").body)
    assert made.shape[:2] == (480, 640)
    assert made[400, 100, 0] > 150 > made[400, 100, 2] and made[400, 540, 2] > 150 and made[20, 320, 1] > 120


KINDS = {
    "grey": lambda: saved(picture().convert("L")),
    "cmyk": lambda: saved(picture().convert("CMYK")),
    "palette": lambda: saved(picture().convert("P"), "PNG"),
    "one bit": lambda: saved(picture().convert("1"), "PNG"),
    "grey with alpha": lambda: saved(picture().convert("LA"), "PNG"),
    "sixteen bit": lambda: saved(Image.fromarray(np.full((40, 60), 40_000, np.uint16)), "PNG"),
    "webp": lambda: saved(picture(), "WEBP"),
    "gif": lambda: saved(picture(), "GIF"),
    "progressive": lambda: saved(picture(), progressive=True),
    "one pixel": lambda: saved(Image.new("RGB", (1, 1)), "PNG"),
}


@pytest.mark.parametrize("name", KINDS)
def test_photos_of_every_kind_become_plain_jpegs(name):
    made = rebuild(KINDS[name](), "photo")
    assert Image.open(io.BytesIO(made.body)).mode == "RGB"


def test_of_a_moving_picture_the_first_stands_still():
    still = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue", "green")]
    for kind in ("GIF", "PNG", "WEBP"):
        made = seen(rebuild(saved(still[0], kind, save_all=True, append_images=still[1:]), "photo").body)
        assert made[32, 32, 0] > 200 > made[32, 32, 2]


# What is refused


def png(width: int, height: int) -> bytes:
    """The head of a PNG of any size, with next to nothing in it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")


REFUSED = {
    "no photo": (b"%PDF-1.7 a letter", "is not a photo"),
    "nothing": (b"", "is not a photo"),
    "a page": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a photo"),
    "another kind": (saved(picture(), "TIFF"), "is not a photo"),
    "a sound": (b"RIFF\x24\0\0\0WAVEfmt ", "cannot be read as WEBP"),
    "a hundred megapixels": (png(10_000, 10_000), "10,000 x 10,000 pixels, more than 40,000,000"),
    "a bomb": (png(60_000, 60_000), "has far more than 40,000,000 pixels"),
    "cut off": (saved(picture(), quality=95)[:3000], "is damaged"),
    "rubbish behind the head": (b"\xff\xd8\xff" + b"\x07" * 500, "cannot be read as JPEG"),
    "a png that ends early": (png(3000, 3000), "is damaged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_a_photo_is_refused_in_plain_words(name):
    body, words = REFUSED[name]
    with pytest.raises(SourceError) as caught:
        rebuild(body, "IMG_1.jpg")
    assert caught.value.message.startswith("IMG_1.jpg") and words in caught.value.message and caught.value.cure
    assert "<" not in caught.value.message


def test_a_size_is_refused_before_a_pixel_is_decoded(monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(SourceError, match="more than 40,000,000"):
        rebuild(png(10_000, 10_000), "photo")


def test_without_the_limit_it_would_be_decoded(monkeypatch):
    monkeypatch.setattr(photo, "PIXELS", 10**12)
    with pytest.raises(SourceError, match="is damaged"):  # which is only known after decoding
        rebuild(png(7_000, 7_000), "photo")


def test_too_many_bytes_are_refused(monkeypatch):
    monkeypatch.setattr(photo, "LARGEST", 100)
    with pytest.raises(SourceError, match="more than 100"):
        rebuild(saved(picture()), "photo")


# Faces


def test_a_face_is_filled_solid_and_no_trace_of_it_is_left(monkeypatch):
    monkeypatch.setattr(faces, "find", lambda pixels: [(100, 120, 200, 240)])
    made = rebuild(saved(picture()), "photo")
    inside = seen(made.body)[128:232, 108:192]
    assert (np.abs(inside - np.array(FILL)) < 12).all()
    assert made.covered == ((100, 120, 200, 240),)
    monkeypatch.setattr(faces, "find", lambda pixels: [])
    assert (np.abs(seen(rebuild(saved(picture()), "photo").body)[128:232, 108:192] - np.array(FILL)) > 50).any()


def test_boxes_are_widened_and_stay_inside_the_photo():
    assert faces.widened(np.array([100, 100, 200, 200]), 640, 480) == (85, 85, 215, 215)
    assert faces.widened(np.array([-5, 2, 50, 40]), 52, 44) == (0, 0, 52, 44)


def test_an_officer_covers_more_by_hand():
    made = photo.cover(rebuild(saved(picture()), "photo"), ((0, 0, 64, 64),))
    assert (np.abs(seen(made.body)[4:60, 4:60] - np.array(FILL)) < 12).all() and made.covered == ((0, 0, 64, 64),)
    for box in ((0, 0, 641, 10), (10, 10, 10, 20), (-1, 0, 5, 5)):
        with pytest.raises(ConfigurationError, match="is not in the photo of 640 x 480"):
            photo.cover(made, (box,))


def test_the_model_answers_and_finds_nobody_in_plain_colours(model):
    pytest.importorskip("onnxruntime")
    assert faces.find(np.asarray(picture(200, 130))) == []


def test_boxes_lie_where_the_model_is_sure(model, monkeypatch):
    """A made-up answer: one face of 40 x 80 pixels around (102, 82), told by two cells."""

    class Model:
        def run(self, _, given):
            assert given["input.1"].shape == (1, 3, 160, 224)
            heat, scale, offset = (np.zeros((1, n, 40, 56), np.float32) for n in (1, 2, 2))
            heat[0, 0, 20, 25], heat[0, 0, 20, 26], heat[0, 0, 5, 5] = 0.9, 0.5, 0.19
            scale[0, 0], scale[0, 1] = np.log(20), np.log(10)
            return heat, scale, offset, None

    monkeypatch.setattr(faces, "_model", Model)
    assert faces.find(np.zeros((150, 210, 3), np.uint8)) == [(75, 29, 129, 135)]
    monkeypatch.setattr(faces, "THRESHOLD", 0.1)
    assert len(faces.find(np.zeros((150, 210, 3), np.uint8))) == 2


@pytest.mark.parametrize("missing", ["model", "engine"])
def test_without_the_model_a_photo_is_refused_and_not_passed_on(model, monkeypatch, missing):
    faces._model.cache_clear()
    if missing == "model":
        monkeypatch.setattr(faces, "files", lambda name: [])
    else:
        monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(ConfigurationError, match="install") as caught:
        rebuild(saved(picture(64, 64)), "photo")
    assert "requirements-photo.lock" in caught.value.cure
    faces._model.cache_clear()


# The whole path


@pytest.mark.parametrize("size", [160, 640])
def test_a_face_is_found_covered_and_not_found_again(model, size):
    made = rebuild(saved(face(size), quality=95), "photo")
    left, top, right, bottom = (round(edge * size / 640) for edge in FACE)
    assert len(made.covered) == 1
    box = made.covered[0]
    assert box[0] <= left + size // 16 and box[1] <= top + size // 16 and box[2] >= right - size // 16
    assert box[3] >= bottom - size // 16
    assert FIND(seen(made.body).astype(np.uint8)) == []
    assert FIND(np.asarray(face(size))) != []  # without the fill it is found
