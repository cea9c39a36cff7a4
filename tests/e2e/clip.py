"""A clip for Chromium's fake camera: a gray portrait that moves, grows and at times is away.

Each frame carries its number as a row of black and white blocks, so that whoever sees a frame
again knows where the face was. All of it is gray, so whatever is colored was drawn by the app.
"""

from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import skimage.data

from fer_core.faces import BoundingBox

WIDTH, HEIGHT, FPS = 640, 480, 30
N_WITH_FACE, N_WITHOUT_FACE = 150, 90
N_FRAMES = N_WITH_FACE + N_WITHOUT_FACE
N_BITS, BIT_PX = 8, 32

# The head of scikit-image's astronaut and, in pixels of that cut, her face.
HEAD = BoundingBox(130, 10, 330, 210)
FACE_IN_HEAD = BoundingBox(47, 56, 144, 153)


@dataclass(frozen=True)
class Pose:
    """Left and top edge and side of the head in a frame, in pixels."""

    x: int
    y: int
    side: int


def pose(number: int) -> Pose | None:
    """Place of the head in a frame of the clip; None without one."""
    if number >= N_WITH_FACE:
        return None
    turn = 2 * np.pi * number / N_WITH_FACE
    side = round(280 + 60 * np.sin(turn))
    x = round((WIDTH - side) / 2 + 120 * np.cos(turn))
    return Pose(x, round((HEIGHT - BIT_PX - side) / 2), side)


def face_box(number: int) -> BoundingBox | None:
    """Place of the face in a frame of the clip; None without one."""
    at = pose(number)
    if at is None:
        return None
    scale = at.side / HEAD.width
    x1, y1, x2, y2 = (round(edge * scale) for edge in FACE_IN_HEAD.xyxy)
    return BoundingBox(at.x + x1, at.y + y1, at.x + x2, at.y + y2)


def draw_frame(number: int) -> npt.NDArray[np.uint8]:
    """One frame of the clip, gray, uint8 of shape `(480, 640)`."""
    frame = np.full((HEIGHT, WIDTH), 128, dtype=np.uint8)
    at = pose(number)
    if at is not None:
        rgb = skimage.data.astronaut()[HEAD.y1 : HEAD.y2, HEAD.x1 : HEAD.x2]
        head = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (at.side, at.side))
        frame[at.y : at.y + at.side, at.x : at.x + at.side] = head
    for bit in range(N_BITS):
        block = frame[HEIGHT - BIT_PX :, bit * BIT_PX : (bit + 1) * BIT_PX]
        block[:] = 235 if number >> bit & 1 else 16
    return frame


def read_number(image: npt.NDArray[np.uint8]) -> int:
    """The number of a frame that the camera's clip and two codecs have been through."""
    row = image[HEIGHT - BIT_PX // 2, BIT_PX // 2 : N_BITS * BIT_PX : BIT_PX].mean(axis=1)
    return sum(1 << bit for bit, value in enumerate(row) if value > 128)


def write_clip(path: Path) -> None:
    """Write the whole clip as raw MJPEG, which Chromium plays in a loop."""
    with av.open(str(path), "w", format="mjpeg") as container:
        stream = container.add_stream("mjpeg", rate=FPS, options={"qscale": "3"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
        for number in range(N_FRAMES):
            gray = av.VideoFrame.from_ndarray(draw_frame(number), format="gray")
            container.mux(stream.encode(gray.reformat(format="yuvj420p")))
        container.mux(stream.encode())
