"""The frames of a video, each with the time at which it appears and the time at which it ends."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from fer_core.errors import VideoDecodeError
from fer_core.images import RgbImage
from fer_core.video.containers import UNKNOWN_CODEC
from fer_core.video.frame_times import MAX_DURATION_S, MAX_GAP_S, Claims, FrameClock

MAX_SIDE_PX = 1920
"""Longest side of a frame that is analyzed or drawn on; larger ones are scaled down."""

MAX_PIXELS_A_SECOND = 4_000_000_000
LEAST_PIXELS = 4_000_000
"""If one second of a video has more pixels, each frame counting as `LEAST_PIXELS` at least, its
times stand still by damage or malice, and it is read no further. 8K has half of it at 60 frames a
second; of small frames there may be a thousand."""

MAX_BLANK_PACKETS = 20_000
"""A video is read no further where so many packets in a row give no frame."""

CUT_OFF_S = 1.0
"""A file that ends this much earlier than it says is cut off."""


@dataclass(frozen=True)
class Frame:
    """One frame of a video.

    Attributes:
        time_s: The time at which it appears, in seconds after the video's start.
        end_s: The time at which the next frame replaces it, or the video ends; after `time_s`.
        size_wh: Width and height in pixels as shown: upright, with square pixels.
        position: Share of the file that was read so far, from 0 to 1.
        to_image: Makes the image, upright, at most `MAX_SIDE_PX` on its longest side. It raises
            `VideoDecodeError` if the pixels cannot be converted.
        is_last: True if no later frame can be read.
        is_cut_off: True if later frames are missing: the file is damaged or lacks its end.
    """

    time_s: float
    end_s: float
    size_wh: tuple[int, int]
    position: float
    to_image: Callable[[], RgbImage]
    is_last: bool = False
    is_cut_off: bool = False


def bounded(size_wh: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the image that is made of a frame of that size."""
    scale = min(1.0, MAX_SIDE_PX / max(size_wh))
    return max(1, round(size_wh[0] * scale)), max(1, round(size_wh[1] * scale))


def first_frame(container: InputContainer, stream: VideoStream, most_packets: int) -> av.VideoFrame:
    """The first frame that can be decoded.

    Raises:
        VideoDecodeError: There is none in so many packets.
    """
    for _, packet in zip(range(most_packets), packets(container, stream), strict=False):
        for frame in _decoded(packet):
            return frame
    raise VideoDecodeError("The video holds no frame that can be read.")


def packets(container: InputContainer, *streams: Stream) -> Iterator["av.Packet[Any]"]:
    """The packets of these streams or of all, up to where the file is damaged beyond reading."""
    demuxed = container.demux(*streams)
    while True:
        try:
            packet = next(demuxed)
        except Exception:  # the end, or damage: what PyAV raises differs with it
            return
        yield packet


def _decoded(packet: "av.Packet[Any]") -> list[av.VideoFrame]:
    """The frames that a packet completes, none where it is damaged."""
    try:
        return [frame for frame in packet.decode() if isinstance(frame, av.VideoFrame)]
    except Exception:  # see `packets`
        return []


class FrameShape:
    """The shape in which each frame of a stream is shown: the width of its pixels and its turn."""

    def __init__(self, stream: VideoStream) -> None:
        """Note what container and codec say before the second frame is read."""
        self._stream = stream
        self._said = stream.sample_aspect_ratio
        self._coded = stream.codec_context.sample_aspect_ratio

    def turns(self, frame: av.VideoFrame) -> int:
        """Number of turns by 90° to the left that bring the frame upright."""
        return round(frame.rotation / 90) % 4

    def size_wh(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Width and height of the frame as shown; call it before the next frame is read."""
        width, height = max(1, round(frame.width * self._pixel_aspect())), frame.height
        return (height, width) if self.turns(frame) % 2 else (width, height)

    def _pixel_aspect(self) -> float:
        """Width of a stored pixel divided by its height; 1 if the file says nothing sensible."""
        coded = self._stream.codec_context.sample_aspect_ratio
        aspect = float((self._said if coded == self._coded else coded) or 1)
        return aspect if 0.25 <= aspect <= 4 else 1.0


def _to_image(frame: av.VideoFrame, size_wh: tuple[int, int], turns: int) -> RgbImage:
    width, height = bounded(size_wh)
    if turns % 2:
        width, height = height, width
    try:
        rgb = frame.reformat(width, height, format="rgb24", interpolation="AREA").to_ndarray()
    except Exception as error:  # see `packets`
        raise VideoDecodeError(UNKNOWN_CODEC) from error
    return np.ascontiguousarray(np.rot90(rgb, turns), dtype=np.uint8)


@dataclass(frozen=True)
class _Seen:
    """A decoded frame whose end is not known yet."""

    frame: av.VideoFrame
    time_s: float
    size_wh: tuple[int, int]
    turns: int
    position: float

    def until(self, end_s: float, *, last: bool = False, cut_off: bool = False) -> Frame:
        to_image = partial(_to_image, self.frame, self.size_wh, self.turns)
        return Frame(self.time_s, end_s, self.size_wh, self.position, to_image, last, cut_off)


class ContainerFrames:
    """The frames of a container from where it stands, in the order of their times."""

    def __init__(self, container: InputContainer, stream: VideoStream, claims: Claims) -> None:
        """Start before the next frame."""
        self._container, self._stream, self._claims = container, stream, claims
        self._clock = FrameClock(claims)
        self._shape = FrameShape(stream)
        self._second, self._pixels_left = 0, MAX_PIXELS_A_SECOND
        # Both in seconds of the file.
        self._end_s = self._last_video_s = float("-inf")
        self._ends_in_part: dict[int, bool] = {}  # for each stream, by its index
        self._given_up = False

    def __iter__(self) -> Iterator[Frame]:
        """Each frame once the next one is known, the last one once the file is read."""
        before_s, seen = -1e-6, None
        for following in self._decoded():
            if seen is None or before_s < following.time_s <= seen.time_s:
                # Of two frames in the wrong order the second tells that the first one is wrong.
                seen = following
                continue
            if following.time_s <= before_s:  # the file starts again
                following = replace(
                    following, time_s=self._clock.joined(following.time_s, seen.time_s)
                )
            yield seen.until(following.time_s)
            before_s, seen = seen.time_s, following
        if seen is not None:
            cut_off = self._is_cut_off(seen)
            yield seen.until(self._last_end_s(seen, cut_off), last=True, cut_off=cut_off)

    def _decoded(self) -> Iterator[_Seen]:
        position, n_blank = 0.0, 0
        for packet in packets(self._container):
            self._note(packet)
            if packet.stream_index != self._stream.index:
                continue
            position = max(position, (packet.pos or 0) / max(1, self._container.size))
            frames = _decoded(packet)
            n_blank = 0 if frames else n_blank + 1
            for frame in frames:
                time_s = self._clock.time_of(frame)
                if time_s is not None:
                    size_wh, turns = self._shape.size_wh(frame), self._shape.turns(frame)
                    yield _Seen(frame, time_s, size_wh, turns, position)
                self._given_up |= not self._goes_on(frame)
            self._given_up |= n_blank == MAX_BLANK_PACKETS
            if self._given_up:
                return

    def _goes_on(self, frame: av.VideoFrame) -> bool:
        """True while the frames' times advance as those of an undamaged file."""
        if int(self._clock.last_s) != self._second:
            self._second, self._pixels_left = int(self._clock.last_s), MAX_PIXELS_A_SECOND
        self._pixels_left -= max(LEAST_PIXELS, frame.width * frame.height)
        return self._pixels_left > 0

    def _note(self, packet: "av.Packet[Any]") -> None:
        if packet.size == 0:  # the one that ends a stream
            return
        self._ends_in_part[packet.stream_index] = packet.is_corrupt
        if packet.pts is None or not packet.time_base or packet.is_discard:
            return
        end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
        self._end_s = max(self._end_s, end_s)
        if packet.stream_index == self._stream.index:
            self._last_video_s = max(self._last_video_s, float(packet.pts * packet.time_base))

    def _is_cut_off(self, last: _Seen) -> bool:
        """True if the file lacks its end, or ends in frames that cannot be read."""
        if self._given_up:
            return True
        if not self._claims.spliced:
            read_s = self._claims.start_s + last.time_s
            if self._last_video_s > read_s + CUT_OFF_S:
                return True
        if self._claims.is_whole is None:
            short = self._end_s < self._claims.end_s - CUT_OFF_S and isfinite(self._claims.end_s)
            return short or any(self._ends_in_part.values())
        return not self._claims.is_whole

    def _own_end_s(self, last: _Seen) -> float:
        """The time at which the last frame ends, by its own duration."""
        frame = last.frame
        lasts_s = float(frame.duration * frame.time_base) if frame.time_base else 0.0
        return last.time_s + (lasts_s if lasts_s > 0 else self._claims.step_s)

    def _last_end_s(self, last: _Seen, cut_off: bool) -> float:
        claims = self._claims
        end_s = self._own_end_s(last)
        unexplained = self._end_s < claims.end_s - CUT_OFF_S and isfinite(claims.end_s)
        if claims.holds_to_end and not cut_off and unexplained:
            end_s = max(end_s, claims.end_s - claims.start_s)
        end_s = min(end_s, max(claims.video_end_s, last.time_s + claims.step_s))
        return min(end_s, MAX_DURATION_S, max(claims.end_s, last.time_s + MAX_GAP_S))
