"""Clips with faces whose place is known, and clips that a user gives."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from fer_core.faces import BoundingBox
from fer_core.images import RgbImage
from tests.faces import astronaut, grace_hopper_jpeg

WIDTH, HEIGHT, FPS = 640, 480, 30
NOISE = 6.0
"""Standard deviation of a pixel's noise, 0 to 255, as of a camera in a lit room."""


@dataclass(frozen=True)
class Pose:
    """Middle and width of a face in a frame, in pixels."""

    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Portrait:
    """A photo with one face, and where it is."""

    photo: RgbImage
    face: Pose


@cache
def portraits() -> list[Portrait]:
    """Two portraits, public domain, each also mirrored."""
    hopper = np.array(Image.open(io.BytesIO(grace_hopper_jpeg())).convert("RGB"))
    known = [
        Portrait(astronaut(), Pose(225, 114, 98)),
        Portrait(hopper, Pose(264, 218, 240)),
    ]
    mirrored = [
        Portrait(
            np.ascontiguousarray(p.photo[:, ::-1]),
            Pose(p.photo.shape[1] - p.face.x, p.face.y, p.face.width),
        )
        for p in known
    ]
    return known + mirrored


@cache
def noises() -> npt.NDArray[np.int16]:
    """Noise for some frames, `(16, H, W, 3)`; to draw it each time takes longer than all else."""
    normal = np.random.default_rng(0).normal(0, NOISE, (16, HEIGHT, WIDTH, 3))
    return normal.astype(np.int16)


def draw(faces: Sequence[tuple[Portrait, Pose]], number: int, brightness: float = 1.0) -> RgbImage:
    """A frame with the portraits' heads on gray, each in an ellipse around its pose, and noise."""
    frame = np.full((HEIGHT, WIDTH, 3), 128, dtype=np.uint8)
    for portrait, pose in faces:
        scale = pose.width / portrait.face.width
        shift = pose.x - scale * portrait.face.x, pose.y - scale * portrait.face.y
        move = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        head = cv2.warpAffine(portrait.photo, move, (WIDTH, HEIGHT))
        mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
        middle = round(pose.x), round(pose.y)
        axes = round(0.8 * pose.width), round(pose.width)
        cv2.ellipse(mask, middle, axes, 0, 0, 360, 1, cv2.FILLED)
        cv2.copyTo(head, mask, frame)
    dimmed = cv2.convertScaleAbs(frame, alpha=brightness)
    return np.asarray(cv2.add(dimmed, noises()[number % 16], dtype=cv2.CV_8U), dtype=np.uint8)


def moving(index: int, n: int, time_s: float, speed: float = 1.0) -> Pose:
    """Place of the face of that index, of n, while all sway and come nearer and go."""
    turn = 2 * np.pi * time_s * speed / 3 + index
    if n == 1:
        return Pose(320 + 120 * np.cos(turn), 240 + 20 * np.sin(2 * turn), 140 + 25 * np.sin(turn))
    x, y = 170 + 300 * (index % 2), 125 + 230 * (index // 2)
    return Pose(x + 40 * np.cos(turn), y + 5 * np.sin(turn), 90 + 5 * np.sin(turn))


def read_clip(path: Path, n_frames: int) -> list[RgbImage]:
    """The first frames of a video file."""
    try:
        with av.open(str(path)) as container:
            decoded = islice(container.decode(video=0), n_frames)
            frames = [np.asarray(f.to_ndarray(format="rgb24"), dtype=np.uint8) for f in decoded]
    except (av.FFmpegError, IndexError) as error:
        raise SystemExit(f"{path} is not a video that can be read: {error}.") from error
    if not frames:
        raise SystemExit(f"{path} holds no frame.")
    return frames


def center_and_width(box: BoundingBox) -> Pose:
    """A box as a pose."""
    return Pose((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2, box.width)
