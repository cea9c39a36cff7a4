"""Video files: what they hold, and their frames at a chosen rate."""

import io
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from fer_core.errors import VideoDecodeError
from fer_core.images import RgbImage
from fer_core.timeline import VideoEnd
from fer_core.video.animation import animation_frames, look_at_animation
from fer_core.video.containers import (
    BROKEN,
    HEAD_BYTES,
    container_of,
    open_container,
    pick_video,
)
from fer_core.video.frame_times import MAX_DURATION_S, Claims
from fer_core.video.frames import ContainerFrames, Frame, FrameShape, first_frame
from fer_core.video.wholeness import is_whole

SKIP_FROM = 4
"""If at least this many frames pass for each one that is wanted, frames that no other frame refers
to are not decoded. A frame is then taken at most three frames late."""

STEADY_WITHIN = 1e-3
"""All frames are decoded if some last longer than others, by this share in all: a frame that is
held may be among them."""

MAX_FIRST_PACKETS = 2000
"""A video whose first frame does not come within so many packets is taken for broken."""

USUAL_STEP_S = 0.04
"""Time from one frame to the next in a file that states none."""


@dataclass(frozen=True)
class VideoInfo:
    """The facts that a video file states and its first frame shows.

    Attributes:
        width: The first frame's width in pixels as shown: upright, with square pixels.
        height: Its height in the same pixels.
        duration_s: Length in seconds, None where the file does not tell.
        frame_rate: Average frames a second, None where the file does not tell.
        quarter_turns: Number of turns by 90° to the left that bring the first frame upright.
        has_audio: True if there is sound.
    """

    width: int
    height: int
    duration_s: float | None
    frame_rate: float | None
    quarter_turns: int
    has_audio: bool


@dataclass(frozen=True)
class VideoFrame:
    """The image at one moment of a video.

    Attributes:
        time_s: Seconds after the video's start.
        image: Upright, at most `MAX_SIDE_PX` on its longest side; the same array as that of the
            moment before while the frame is still the same.
        size_wh: Width and height in pixels before it was made smaller.
        progress: Share of the file that was read so far, from 0 to 1.
        end: The video's end, if this is the last moment; else None.
    """

    time_s: float
    image: RgbImage
    size_wh: tuple[int, int]
    progress: float
    end: VideoEnd | None = None


class VideoFile:
    """A video file that can be read. Each reading is on its own, so threads may share it.

    It can be pickled, with the file where that is in memory.
    """

    def __init__(self, source: bytes | str | Path, info: VideoInfo, claims: Claims | None) -> None:
        """See `open_video`; an animated image has no claims."""
        self._source = source
        self.info = info
        self._claims = claims

    @property
    def start_s(self) -> float:
        """Time of the first frame in the file's own times."""
        return self._claims.start_s if self._claims else 0.0

    def frames(self, rate: float) -> Generator[VideoFrame]:
        """The images from the video's start to its end, `rate` times a second.

        The file is read up to damage that nothing can be read beyond. Time is cut into parts of
        1 / rate seconds. Each part gives its first frame, at the time at which that begins. A part
        in which no frame begins gives the frame held then, at the time at which the part begins.
        """
        pending: VideoFrame | None = None
        with closing(self.all_frames(rate)) as frames:
            for frame, times_s in sampled(frames, rate):
                images = [frame.to_image()] if times_s else []
                for image, time_s in product(images, times_s):
                    if pending is not None:
                        yield pending
                    progress = self._progress(time_s, frame.position)
                    pending = VideoFrame(time_s, image, frame.size_wh, progress)
                if frame.is_last and pending is not None:
                    yield replace(pending, end=VideoEnd(frame.end_s, frame.is_cut_off))

    def all_frames(self, rate: float | None = None) -> Generator[Frame]:
        """Every frame of the video, or at least those that are wanted `rate` times a second."""
        with self.open_file() as file:
            if self._claims is None:
                yield from animation_frames(file)
                return
            with open_container(file) as container:
                stream = pick_video(container)
                if rate is not None and self._may_skip(stream, rate):
                    stream.codec_context.skip_frame = "NONREF"
                yield from ContainerFrames(container, stream, self._claims)

    def _may_skip(self, stream: VideoStream, rate: float) -> bool:
        base, average = stream.base_rate, stream.average_rate
        if not base or not average or rate * SKIP_FROM > average:
            return False
        return abs(float(base / average) - 1) < STEADY_WITHIN

    def frame_at(self, time_s: float) -> RgbImage:
        """The image that is seen at a time, or the last one before the end.

        Raises:
            VideoDecodeError: There is none that can be read.
        """
        frame = self._seek(time_s) if self._claims else None
        if frame is None:  # the file's index is damaged, or there is none
            with closing(self.all_frames()) as frames:
                frame = _seen_at(frames, time_s)
        if frame is None:
            raise VideoDecodeError(BROKEN)
        return frame.to_image()

    picture_at = frame_at  # its former name, for one release

    def _seek(self, time_s: float) -> Frame | None:
        with self.open_file() as file, open_container(file) as container:
            stream = pick_video(container)
            try:
                at = int((time_s + self.start_s) / (stream.time_base or 1))
                container.seek(at, stream=stream)
            except Exception:  # what PyAV raises differs with the damage
                return None
            claims = self._claims
            return _seen_at(ContainerFrames(container, stream, claims), time_s) if claims else None

    def open_file(self) -> BinaryIO:
        """The file itself, to be closed by the caller."""
        return _opened(self._source)

    def _progress(self, time_s: float, position: float) -> float:
        duration_s = self.info.duration_s
        return min(1.0, time_s / duration_s if duration_s else position)


def sampled(frames: Iterable[Frame], rate: float) -> Iterator[tuple[Frame, list[float]]]:
    """Each frame with the moments at which it is wanted; see `VideoFile.frames`."""
    due = 0
    for frame in frames:
        times_s = []
        if frame.time_s * rate >= due - 1e-6:
            times_s.append(frame.time_s)
            due = int(frame.time_s * rate + 1e-6) + 1
        # Of the part in which the next frame begins, that one is taken.
        held_to = frame.end_s * rate - (1e-3 if frame.is_last else 1 - 1e-6)
        while due <= held_to:
            times_s.append(due / rate)
            due += 1
        yield frame, times_s


def _seen_at(frames: Iterable[Frame], time_s: float) -> Frame | None:
    """The frame that is seen at a time, or the last one; None where all begin later."""
    found = None
    for frame in frames:
        if frame.time_s > time_s + 1e-3:
            break
        found = frame
        if frame.end_s > time_s + 1e-3:
            break
    return found


def holds_video(file: BinaryIO) -> bool:
    """True if a file is a video or an animated image, by its content; its position changes."""
    return container_of(file.read(HEAD_BYTES)) is not None or look_at_animation(file) is not None


def open_video(source: bytes | str | Path) -> VideoFile:
    """Look into a video file or an animated image and decode its first frame.

    Args:
        source: The whole file, or where it lies.

    Raises:
        VideoDecodeError: This is no video of a known format, or it is damaged, too large, or
            coded in a way that cannot be read.
    """
    return VideoFile(source, *look_into(source))


def look_into(source: bytes | str | Path) -> tuple[VideoInfo, Claims | None]:
    """The facts that `open_video` finds in a file, without the file.

    Raises:
        VideoDecodeError: As by `open_video`.
    """
    with _opened(source) as file:
        size_wh = look_at_animation(file)
        if size_wh is not None:
            return VideoInfo(*size_wh, None, None, 0, False), None
        whole = is_whole(file)
        file.seek(0)
        with open_container(file) as container:
            try:
                return _told_by(container, whole)
            except (VideoDecodeError, MemoryError):  # the second says nothing of the video
                raise
            except Exception as error:  # what PyAV raises differs with the damage
                raise VideoDecodeError(BROKEN) from error


def _opened(source: bytes | str | Path) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return Path(source).open("rb")
    except OSError as error:
        why = f" ({error.strerror})" if error.strerror else ""
        raise VideoDecodeError(f"The file cannot be opened{why}.") from error


def _told_by(container: InputContainer, whole: bool | None) -> tuple[VideoInfo, Claims]:
    stream = pick_video(container)
    shape = FrameShape(stream)
    frame = first_frame(container, stream, MAX_FIRST_PACKETS)
    width, height = shape.size_wh(frame)
    start_s = frame.time if frame.time is not None else 0.0
    info = VideoInfo(
        width=width,
        height=height,
        duration_s=_duration_s(container, stream, start_s),
        frame_rate=float(stream.average_rate) if stream.average_rate else None,
        quarter_turns=shape.turns(frame),
        has_audio=any(audio.codec_context is not None for audio in container.streams.audio),
    )
    end_s = container.duration / av.time_base if container.duration else float("inf")
    claims = Claims(
        start_s=start_s,
        step_s=float(1 / stream.guessed_rate) if stream.guessed_rate else USUAL_STEP_S,
        end_s=end_s if 0 < end_s <= MAX_DURATION_S else float("inf"),
        is_whole=whole,
        spliced=container.format.name in ("mpegts", "mpeg"),
        holds_to_end=whole is True and _counts_from_zero(container),
        video_end_s=_video_end_s(container, stream),
    )
    return info, claims


def _video_end_s(container: InputContainer, stream: VideoStream) -> float:
    if not container.format.name.startswith("mov") or not stream.duration or not stream.time_base:
        return float("inf")
    return float(stream.duration * stream.time_base)


def _counts_from_zero(container: InputContainer) -> bool:
    """True if the container's length is its end's time, though its frames may begin later."""
    return container.format.name.startswith(("matroska", "flv"))


def _duration_s(container: InputContainer, stream: VideoStream, start_s: float) -> float | None:
    if stream.duration and stream.time_base:
        duration_s = float(stream.duration * stream.time_base)
    elif container.duration:
        duration_s = container.duration / av.time_base
    else:
        return None
    if _counts_from_zero(container):
        duration_s -= start_s
    return duration_s if 0 < duration_s <= MAX_DURATION_S else None
