"""A video with its faces drawn in, as an MP4 file."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from fer_core.drawing import draw_faces
from fer_core.errors import OutputError, VideoDecodeError
from fer_core.faces import BoundingBox, TrackedFace
from fer_core.images import RgbImage
from fer_core.timeline import Timeline
from fer_core.video.frames import Frame, bounded
from fer_core.video.reader import VideoFile
from fer_core.video.sound import Sound

MAX_BYTES = 200_000_000
"""About the most that an annotated video takes; a long one gets fewer bits a second."""

MAX_BITS_A_SECOND = 50_000_000
"""The most that any part of an annotated video takes; x264 takes a tenth of it at 1080p."""

HELD_STEP_S = 0.2
HELD_FOR_S = 2.0
"""A frame that is held is drawn again this often for so long; the probabilities, averaged over a
fifth of a second, do not change any more then."""

_TIME_BASE = Fraction(1, 90_000)
_X264 = {"preset": "veryfast", "crf": "23", "bf": "0"}
"""No B-frames: with them, MP4 would lose the length of the last frame."""


def write_annotated(video: VideoFile, timeline: Timeline, target: Path) -> Generator[float]:
    """Write the analyzed part of a video with boxes and labels, H.264 with its sound.

    Each step of the returned iterator is some of the work; closing it ends the work and leaves
    an unfinished file. Between analyzed frames, boxes move from one to the next. Frames of several
    sizes are fitted into the largest.

    Args:
        video: The video.
        timeline: Its faces.
        target: The MP4 file to write.

    Yields:
        The share that is done, from 0 to 1.

    Raises:
        OutputError: The file cannot be written, or the video not be read any more.
    """
    try:
        with ExitStack() as stack:
            output = stack.enter_context(
                av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"})
            )
            # Nothing may be written before all streams are known.
            frames = _DrawnFrames(video, timeline, output)
            sound = Sound.of(video, output, stack)
            lead_s = sound.lead_s if sound else 0.0
            for time_s in frames.write(lead_s):
                if sound:
                    sound.write_until(time_s + lead_s)
                yield min(1.0, time_s / timeline.end_s)
            if sound:
                for _ in sound.finish(None if timeline.end else timeline.end_s + lead_s):
                    yield 1.0
    except (av.FFmpegError, OSError, ValueError, VideoDecodeError) as error:
        raise OutputError("The annotated video could not be written.") from error


class _DrawnFrames:
    """The frames of a video, drawn on and encoded."""

    def __init__(self, video: VideoFile, timeline: Timeline, output: OutputContainer) -> None:
        self._video, self._timeline, self._output = video, timeline, output
        self._last_pts = -1
        rate = Fraction(min(max(video.info.frame_rate or 25, 1), 120)).limit_denominator(1001)
        bits_a_second = min(MAX_BITS_A_SECOND, int(8 * MAX_BYTES / timeline.end_s))
        limits = {"maxrate": str(bits_a_second), "bufsize": str(2 * bits_a_second)}
        self._encoder: VideoStream = output.add_stream(
            "libx264", rate=rate, options={**_X264, **limits}
        )
        width, height = bounded(timeline.largest_wh)
        self._encoder.width, self._encoder.height = _even(width), _even(height)
        self._encoder.pix_fmt = "yuv420p"
        self._encoder.codec_context.time_base = _TIME_BASE

    def write(self, lead_s: float) -> Iterator[float]:
        """Write all up to the end of the analyzed part, so much later; the time of each frame."""
        with closing(self._video.all_frames()) as frames:
            for frame in frames:
                image = frame.to_image()
                for time_s in self._times_s(frame):
                    self._draw(image, frame.size_wh, time_s, lead_s)
                    yield time_s
                if frame.end_s >= self._timeline.end_s - 1e-6:
                    break
        for packet in self._encoder.encode():
            if packet.pts == self._last_pts:
                packet.duration = max(1, _ticks(self._timeline.end_s + lead_s) - self._last_pts)
            self._output.mux(packet)

    def _times_s(self, frame: Frame) -> Iterator[float]:
        """The times at which a frame is drawn: as it comes, and again for a while if it is held."""
        end_s = min(frame.end_s, self._timeline.end_s)
        n_again = int((min(end_s - frame.time_s, HELD_FOR_S) - 1e-6) / HELD_STEP_S)
        for number in range(1 + max(0, n_again)):
            yield frame.time_s + number * HELD_STEP_S

    def _draw(
        self, image: RgbImage, size_wh: tuple[int, int], time_s: float, lead_s: float
    ) -> None:
        pts = _ticks(time_s + lead_s)
        if pts <= self._last_pts:
            return
        self._last_pts = pts
        faces = faces_at(self._timeline, time_s, size_wh)
        drawn = self._fitted(image, [face.scaled(image.shape[1] / size_wh[0]) for face in faces])
        frame = av.VideoFrame.from_ndarray(drawn, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = pts, _TIME_BASE
        self._output.mux(self._encoder.encode(frame))

    def _fitted(self, image: RgbImage, faces: list[TrackedFace]) -> RgbImage:
        """The image drawn on, as large as it fits into the middle of what is encoded."""
        height, width = self._encoder.height, self._encoder.width
        scale = min(width / image.shape[1], height / image.shape[0])
        size = min(width, round(image.shape[1] * scale)), min(height, round(image.shape[0] * scale))
        if abs(size[0] - image.shape[1]) > 1 or abs(size[1] - image.shape[0]) > 1:
            shrinks = scale < 1
            interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
            image = np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)
            faces = [face.scaled(scale) for face in faces]
        drawn = draw_faces(image, faces)[:height, :width]
        missing = height - drawn.shape[0], width - drawn.shape[1]
        if not any(missing):
            return drawn
        (top, left), fill = (gap // 2 for gap in missing), cv2.BORDER_CONSTANT
        bottom, right = missing[0] - top, missing[1] - left
        return np.asarray(cv2.copyMakeBorder(drawn, top, bottom, left, right, fill), np.uint8)


def faces_at(timeline: Timeline, time_s: float, size_wh: tuple[int, int]) -> list[TrackedFace]:
    """The faces of a moment in a frame of that size, on the way to the next analyzed moment's."""
    index = timeline.index_at(time_s)
    faces = timeline.faces(index)
    if timeline.frame_wh(index) != size_wh:  # which changes before the next analyzed moment
        return []
    if index + 1 == len(timeline) or timeline.frame_wh(index + 1) != size_wh:
        return list(faces)
    start_s, end_s = timeline.time_s(index), timeline.time_s(index + 1)
    share = min(1.0, max(0.0, (time_s - start_s) / (end_s - start_s)))
    next_box = {face.track_id: face.box for face in timeline.faces(index + 1)}
    return [
        replace(face, box=_between(face.box, next_box.get(face.track_id, face.box), share))
        for face in faces
    ]


def _between(a: BoundingBox, b: BoundingBox, share: float) -> BoundingBox:
    edges = (round(one + share * (other - one)) for one, other in zip(a.xyxy, b.xyxy, strict=True))
    return BoundingBox(*edges)


def _ticks(time_s: float) -> int:
    return round(time_s / _TIME_BASE)


def _even(side_px: int) -> int:
    """The nearest side that H.264 with halved color can have."""
    return max(2, side_px // 2 * 2)
