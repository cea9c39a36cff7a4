"""A video with its faces drawn in, as an MP4 file."""

from collections.abc import Generator, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from fer_core.drawing import draw_faces
from fer_core.errors import OutputError, VideoDecodeError
from fer_core.faces import BoundingBox, TrackedFace
from fer_core.timeline import Timeline
from fer_core.video_file import (
    FrameClock,
    VideoFile,
    bounded_size,
    decoded,
    open_container,
    packets,
    pick_video,
    to_upright_image,
)

COPIED_AUDIO = frozenset({"aac", "ac3", "alac", "eac3", "mp3", "opus"})
"""Codecs whose sound goes into the MP4 file as it is; any other becomes AAC."""

MAX_BYTES = 200_000_000
"""About the most that an annotated video takes; a long one gets fewer bits a second."""

MAX_BITS_A_SECOND = 50_000_000
"""The most that any part of an annotated video takes; x264 takes a tenth of it at 1080p."""

_TIME_BASE = Fraction(1, 90_000)
_X264 = {"preset": "veryfast", "crf": "23"}


def write_annotated(video: VideoFile, timeline: Timeline, target: Path) -> Generator[float]:
    """Write the analyzed part of a video with boxes and labels, H.264 with its sound.

    Each step of the returned iterator is some of the work; closing it ends the work and leaves
    an unfinished file. Between analyzed pictures, boxes move from one to the next.

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
        with (
            video.open_file() as file,
            open_container(file) as source,
            av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as output,
        ):
            yield from _Copy(video, timeline, source, output).steps()
    except (av.FFmpegError, OSError, ValueError, VideoDecodeError) as error:
        raise OutputError("The annotated video could not be written.") from error


class _Copy:
    """One pass over a video: its pictures are drawn on and encoded, its sound goes along."""

    def __init__(
        self,
        video: VideoFile,
        timeline: Timeline,
        source: InputContainer,
        output: OutputContainer,
    ) -> None:
        self._info = video.info
        self._timeline = timeline
        self._source = source
        self._output = output
        self._video = pick_video(source)
        self._clock = FrameClock(self._video, video.info)
        self._last_pts = -1
        # Nothing may be written before all streams are known.
        self._encoder = self._make_encoder()
        self._sound = _Sound.of(source, output, self._clock.start_s)

    def _make_encoder(self) -> VideoStream:
        rate = Fraction(min(max(self._info.frame_rate or 25, 1), 120)).limit_denominator(1001)
        bits_a_second = min(MAX_BITS_A_SECOND, int(8 * MAX_BYTES / self._timeline.end_s))
        limits = {"maxrate": str(bits_a_second), "bufsize": str(2 * bits_a_second)}
        encoder = self._output.add_stream("libx264", rate=rate, options={**_X264, **limits})
        width, height = bounded_size(self._info)
        encoder.width, encoder.height = _even(width), _even(height)
        encoder.pix_fmt = "yuv420p"
        encoder.codec_context.time_base = _TIME_BASE
        return encoder

    def steps(self) -> Iterator[float]:
        for time_s in self._pass():
            yield min(1.0, time_s / self._timeline.end_s)
        self._output.mux(self._encoder.encode())
        if self._sound:
            self._sound.finish()

    def _pass(self) -> Iterator[float]:
        """Copy all up to the end of the analyzed part; the time of each picture."""
        end_s = self._timeline.end_s
        streams = [self._video, *([self._sound.source] if self._sound else [])]
        for packet in packets(self._source, *streams):
            if self._sound and packet.stream_index == self._sound.source.index:
                self._sound.add(packet, end_s)
                continue
            for frame in decoded(packet):
                time_s = self._clock.time_of(frame)
                if time_s is None:
                    continue
                if time_s >= end_s:
                    return
                self._draw(frame, time_s)
                yield time_s

    def _draw(self, frame: av.VideoFrame, time_s: float) -> None:
        pts = round(time_s / _TIME_BASE)
        if pts <= self._last_pts:
            return
        self._last_pts = pts
        image = to_upright_image(frame, self._info)
        scale = image.shape[1] / self._info.width
        faces = [face.scaled(scale) for face in faces_at(self._timeline, time_s)]
        drawn = av.VideoFrame.from_ndarray(draw_faces(image, faces), format="rgb24")
        drawn = drawn.reformat(self._encoder.width, self._encoder.height, format="yuv420p")
        drawn.pts, drawn.time_base = pts, _TIME_BASE
        self._output.mux(self._encoder.encode(drawn))


class _Sound:
    """The sound on its way from a video to its annotated copy."""

    def __init__(
        self, source: AudioStream, target: AudioStream, output: OutputContainer, start_s: float
    ) -> None:
        self.source = source
        self._target = target
        self._output = output
        self._copied = _is_copied(source)
        self._start_s = start_s  # of the video, in the file's own time

    @classmethod
    def of(cls, source: InputContainer, output: OutputContainer, start_s: float) -> "_Sound | None":
        """The first sound that can be read; None where there is none."""
        for stream in source.streams.audio:
            codec = stream.codec_context
            if codec is None or not stream.time_base or not codec.rate or not codec.channels:
                continue
            if _is_copied(stream):
                target = output.add_stream_from_template(stream)
                return cls(stream, target, output, start_s)
            target = output.add_stream("aac", rate=codec.rate, layout=codec.layout)
            return cls(stream, target, output, start_s)
        return None

    def add(self, packet: "av.Packet[Any]", end_s: float) -> None:
        """Copy or encode a packet; one that is damaged leaves a gap."""
        time_base = packet.time_base or Fraction(1)
        if packet.pts is not None and packet.pts * time_base - self._start_s >= end_s:
            return
        try:
            if self._copied:
                self._copy(packet)
            else:
                self._encode(packet)
        except Exception:  # what PyAV raises differs with the damage
            return

    def _copy(self, packet: "av.Packet[Any]") -> None:
        if packet.dts is None or packet.pts is None:
            return
        shift = round(self._start_s / (packet.time_base or Fraction(1)))
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        packet.stream = self._target
        self._output.mux(packet)

    def _encode(self, packet: "av.Packet[Any]") -> None:
        for frame in packet.decode():
            if isinstance(frame, av.AudioFrame):
                if frame.pts is not None and frame.time_base:
                    # The encoder takes no times that are coarser than its samples.
                    time_s = frame.pts * frame.time_base - self._start_s
                    frame.pts = round(time_s * frame.sample_rate)
                    frame.time_base = Fraction(1, frame.sample_rate)
                self._output.mux(self._target.encode(frame))

    def finish(self) -> None:
        """Write what the encoder still holds."""
        if not self._copied:
            self._output.mux(self._target.encode())


def _is_copied(sound: AudioStream) -> bool:
    return sound.codec_context.codec.canonical_name in COPIED_AUDIO


def faces_at(timeline: Timeline, time_s: float) -> list[TrackedFace]:
    """The faces of the analyzed picture at a time, their boxes on the way to the next one's."""
    index = timeline.index_at(time_s)
    faces = timeline.faces(index)
    if index + 1 == len(timeline):
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


def _even(side_px: int) -> int:
    """The nearest side that H.264 with halved color can have."""
    return max(2, side_px // 2 * 2)
