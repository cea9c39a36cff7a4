"""Video files: what they hold, and their pictures, upright and with their times."""

import io
import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from fer_core.errors import VideoDecodeError
from fer_core.images import RgbImage
from fer_core.mp4_claims import check_claims

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi")
"""What the files of videos that can be read are called."""

MAX_SIDE_PX = 1920
"""Longest side of a picture that is analyzed or drawn on; larger ones are scaled down."""

MAX_PIXELS = 8192 * 4320
"""Videos with more pixels a picture than this are refused before one is unpacked."""

MAX_DURATION_S = 24 * 3600.0
"""A time beyond this comes from damage to the file."""

SKIP_FROM = 4
"""Where at least this many frames pass for one that is wanted, those that no other frame needs
are not decoded; a picture is then taken at most three frames late."""

MAX_BLANK_PACKETS = 2000
"""A video whose first frame does not come within so many packets is taken for broken."""

_BROKEN = "The video is broken or cut off and cannot be read."
_UNKNOWN_CODEC = (
    "The video is coded in a way that cannot be read here. Save it as MP4 with H.264 and try again."
)
_MOV_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says about itself and its first frame shows.

    Attributes:
        width: Width in pixels as the video is to be seen: upright, its pixels square.
        height: Height in the same pixels.
        duration_s: Length in seconds, None where the file does not tell.
        frame_rate: Average frames a second, None where the file does not tell.
        quarter_turns: How often the stored picture is to be turned by 90° to the left.
        has_audio: Whether there is sound.
    """

    width: int
    height: int
    duration_s: float | None
    frame_rate: float | None
    quarter_turns: int
    has_audio: bool


@dataclass(frozen=True)
class VideoPicture:
    """One frame of a video.

    Attributes:
        time_s: Seconds after the video's start.
        image: The picture, upright, at most `MAX_SIDE_PX` on its longest side.
        progress: Share of the file that was read so far, from 0 to 1.
    """

    time_s: float
    image: RgbImage
    progress: float


class VideoFile:
    """A video file that can be read. Each reading is on its own, so threads may share it."""

    def __init__(self, open_file: Callable[[], BinaryIO], info: VideoInfo) -> None:
        """See `open_video`."""
        self._open_file = open_file
        self.info = info

    def pictures(self, rate: float) -> Generator[VideoPicture]:
        """Read the video from its start, about `rate` pictures a second.

        It is read up to where it is damaged beyond reading. The k-th picture is the first frame
        from k / rate seconds on; a frame is never given twice.
        """
        with self._open_file() as file, open_container(file) as container:
            stream = pick_video(container)
            if rate * SKIP_FROM <= (self.info.frame_rate or 0):
                stream.codec_context.skip_frame = "NONREF"
            due = 0
            for time_s, frame, position in timed_frames(container, stream, self.info):
                if time_s * rate >= due - 1e-6:
                    due = int(time_s * rate + 1e-6) + 1
                    progress = self._progress(time_s, position)
                    yield VideoPicture(time_s, to_upright_image(frame, self.info), progress)

    def picture_at(self, time_s: float) -> RgbImage:
        """The picture that is seen at a time, or the last one before the end.

        Raises:
            VideoDecodeError: There is none that can be read.
        """
        with self._open_file() as file, open_container(file) as container:
            stream = pick_video(container)
            frame = self._seek(container, stream, time_s)
        if frame is None:  # the file's index is damaged, or there is none
            with self._open_file() as file, open_container(file) as container:
                frame = self._walk(container, pick_video(container), time_s)
        if frame is None:
            raise VideoDecodeError(_BROKEN)
        return to_upright_image(frame, self.info)

    def _seek(
        self, container: InputContainer, stream: VideoStream, time_s: float
    ) -> av.VideoFrame | None:
        time_base = stream.time_base or Fraction(1, 1000)
        try:
            container.seek(int(time_s / time_base) + (stream.start_time or 0), stream=stream)
        except Exception:  # see `open_container`
            return None
        return self._walk(container, stream, time_s)

    def _walk(
        self, container: InputContainer, stream: VideoStream, time_s: float
    ) -> av.VideoFrame | None:
        """The last frame that starts at `time_s` or earlier, None where all start later."""
        found = None
        for start_s, frame, _ in timed_frames(container, stream, self.info):
            if start_s > time_s + 1e-3:
                break
            found = frame
        return found

    def open_file(self) -> BinaryIO:
        """The file itself, to be closed by the caller."""
        return self._open_file()

    def _progress(self, time_s: float, position: float) -> float:
        duration_s = self.info.duration_s
        return min(1.0, time_s / duration_s if duration_s else position)


def open_video(source: bytes | str | Path) -> VideoFile:
    """Look into a video file and decode its first frame.

    Args:
        source: The whole file, or where it lies.

    Raises:
        VideoDecodeError: This is no video of a known format, or it is damaged, too large, or
            coded in a way that cannot be read.
    """

    def open_file() -> BinaryIO:
        if isinstance(source, bytes):
            return io.BytesIO(source)
        try:
            return Path(source).open("rb")
        except OSError as error:
            raise VideoDecodeError("The file cannot be opened.") from error

    with open_file() as file, open_container(file) as container:
        try:
            info = _look_into(container)
        except VideoDecodeError:
            raise
        except Exception as error:  # see `open_container`
            raise VideoDecodeError(_BROKEN) from error
    return VideoFile(open_file, info)


def open_container(file: BinaryIO) -> InputContainer:
    """Open a file's container by what its first bytes are.

    FFmpeg's own guess is not asked: among the formats it knows are playlists, which name further
    files and addresses for it to read.

    Raises:
        VideoDecodeError: As `open_video`.
    """
    file_format = _format_of(file.read(16))
    if file_format == "mov":
        check_claims(file)
    file.seek(0)
    try:
        return av.open(
            file,
            "r",
            format=file_format,
            io_open=_refuse_to_open,
            metadata_errors="replace",
            options={"max_pixels": str(MAX_PIXELS)},
        )
    except Exception as error:  # what PyAV raises differs with the damage: OSError, ValueError, …
        raise VideoDecodeError(_BROKEN) from error


def pick_video(container: InputContainer) -> VideoStream:
    """The video to analyze: the default one or else the largest; cover pictures do not count.

    Raises:
        VideoDecodeError: There is none, or none that can be decoded.
    """
    moving = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    if not moving:
        raise VideoDecodeError("The file holds no video, only sound or other data.")
    known = [stream for stream in moving if stream.codec_context is not None]
    if not known:
        raise VideoDecodeError(_UNKNOWN_CODEC)
    default = [stream for stream in known if stream.disposition & Disposition.default]
    stream = max(default or known, key=lambda stream: stream.width * stream.height)
    if stream.width * stream.height > MAX_PIXELS:
        raise VideoDecodeError(
            f"The video's pictures are too large: more than {MAX_PIXELS // 1_000_000} megapixels. "
            "Save a smaller copy and try again."
        )
    stream.thread_type = "AUTO"
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return stream


def timed_frames(
    container: InputContainer, stream: VideoStream, info: VideoInfo
) -> Iterator[tuple[float, av.VideoFrame, float]]:
    """Time in seconds, frame, and share of the file's bytes read, frame after frame."""
    clock = FrameClock(stream, info)
    position = 0.0
    for packet in packets(container, stream):
        position = max(position, (packet.pos or 0) / max(1, container.size))
        for frame in decoded(packet):
            time_s = clock.time_of(frame)
            if time_s is not None:
                yield time_s, frame, position


def packets(container: InputContainer, *streams: Stream) -> Iterator["av.Packet[Any]"]:
    """The packets of these streams, up to where the file is damaged beyond reading."""
    demuxed = container.demux(*streams)
    while True:
        try:
            packet = next(demuxed)
        except Exception:  # the end, or damage; see `open_container`
            return
        yield packet


def decoded(packet: "av.Packet[Any]") -> Sequence[av.VideoFrame]:
    """The frames that a packet completes, none where it is damaged."""
    try:
        return [frame for frame in packet.decode() if isinstance(frame, av.VideoFrame)]
    except Exception:  # see `open_container`
        return ()


class FrameClock:
    """Tells when each frame of a stream is seen, also where the file has lost its times."""

    def __init__(self, stream: VideoStream, info: VideoInfo | None = None) -> None:
        """Start before the stream's first frame; `start_s` is its time in the file."""
        self.start_s = float((stream.start_time or 0) * (stream.time_base or 0))
        rate = stream.average_rate
        self._step_s = 1 / float(rate) if rate else 0.04
        self._end_s = MAX_DURATION_S
        if info is not None and info.duration_s is not None:
            self._end_s = info.duration_s + 1
        self._last_s = -self._step_s

    def time_of(self, frame: av.VideoFrame) -> float | None:
        """Seconds after the video's start; None for a time that only damage can explain."""
        known = frame.pts is not None and frame.time_base
        time_s = frame.time - self.start_s if known else self._last_s + self._step_s
        if time_s > self._end_s:
            return None
        self._last_s = max(0.0, time_s)
        return self._last_s


def to_upright_image(frame: av.VideoFrame, info: VideoInfo) -> RgbImage:
    """A frame as it is to be seen, at most `MAX_SIDE_PX` on its longest side.

    Raises:
        VideoDecodeError: Its pixels are of a kind that cannot be converted.
    """
    width, height = bounded_size(info)
    if info.quarter_turns % 2:
        width, height = height, width
    try:
        rgb = frame.reformat(width, height, format="rgb24", interpolation="AREA").to_ndarray()
    except Exception as error:  # see `open_container`
        raise VideoDecodeError(_UNKNOWN_CODEC) from error
    return np.ascontiguousarray(np.rot90(rgb, info.quarter_turns), dtype=np.uint8)


def bounded_size(info: VideoInfo) -> tuple[int, int]:
    """Width and height of `to_upright_image`."""
    scale = min(1.0, MAX_SIDE_PX / max(info.width, info.height))
    return max(1, round(info.width * scale)), max(1, round(info.height * scale))


def _look_into(container: InputContainer) -> VideoInfo:
    stream = pick_video(container)
    head = itertools.islice(packets(container, stream), MAX_BLANK_PACKETS)
    frame = next((frame for packet in head for frame in decoded(packet)), None)
    if frame is None:
        raise VideoDecodeError("The video holds no picture that can be read.")
    width, height = round(frame.width * _pixel_aspect(stream)), frame.height
    turns = round(frame.rotation / 90) % 4
    if turns % 2:
        width, height = height, width
    return VideoInfo(
        width=max(1, width),
        height=height,
        duration_s=_duration_s(container, stream),
        frame_rate=float(stream.average_rate) if stream.average_rate else None,
        quarter_turns=turns,
        has_audio=any(audio.codec_context is not None for audio in container.streams.audio),
    )


def _pixel_aspect(stream: VideoStream) -> float:
    """Width of a stored pixel over its height; 1 where the file says nothing sensible."""
    aspect = float(stream.sample_aspect_ratio or 1)
    return aspect if 0.25 <= aspect <= 4 else 1.0


def _duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        duration_s = float(stream.duration * stream.time_base)
    elif container.duration:
        duration_s = container.duration / av.time_base
    else:
        return None
    return duration_s if 0 < duration_s <= MAX_DURATION_S else None


def _format_of(head: bytes) -> str:
    """FFmpeg's name of the container whose first 16 bytes these are."""
    if not head:
        raise VideoDecodeError("The file is empty.")
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[4:8] in _MOV_ATOMS:
        return "mov"
    raise VideoDecodeError("This is not an MP4, MOV, WebM, MKV or AVI video.")


def _refuse_to_open(url: str, flags: int, options: object) -> NoReturn:
    """A video that names further files or addresses to read does not get them."""
    raise PermissionError(f"A video asked for {url!r}.")
