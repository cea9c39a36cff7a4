"""The sound of a video on its way into its annotated copy."""

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from fer_core.video.containers import open_container
from fer_core.video.frames import packets
from fer_core.video.reader import VideoFile

COPIED_AUDIO = frozenset({"aac", "ac3", "alac", "eac3", "mp3", "opus"})
"""Codecs whose sound goes into the MP4 file as it is; any other becomes AAC."""

LEAD_S = 0.5
"""If the sound begins this much before the first frame, the copy begins with the sound alone."""

PACKETS_A_STEP = 500
"""Number of packets written at a time after the last frame."""


class Sound:
    """The first sound of a video that can be read."""

    def __init__(
        self,
        video: VideoFile,
        container: InputContainer,
        source: AudioStream,
        output: OutputContainer,
    ) -> None:
        """Add a stream for it to the copy."""
        self._output = output
        begins_s = float((source.start_time or 0) * (source.time_base or 0))
        lead_s = video.start_s - begins_s
        self.lead_s = lead_s if lead_s > LEAD_S else 0.0
        # What is the copy's zero in the file's own time.
        self._zero_s = video.start_s - self.lead_s
        self._packets = packets(container, source)
        self._next: av.Packet[Any] | None = next(self._packets, None)
        self._copied = source.codec_context.codec.canonical_name in COPIED_AUDIO
        if self._copied:
            self._target = output.add_stream_from_template(source)
        else:
            codec = source.codec_context
            self._target = output.add_stream("aac", rate=codec.rate, layout=codec.layout)

    @classmethod
    def of(cls, video: VideoFile, output: OutputContainer, stack: ExitStack) -> "Sound | None":
        """The sound of a video, None if there is none; the stack closes its file."""
        if not video.info.has_audio:
            return None
        container = stack.enter_context(open_container(stack.enter_context(video.open_file())))
        for stream in container.streams.audio:
            codec = stream.codec_context
            if codec is not None and stream.time_base and codec.rate and codec.channels:
                return cls(video, container, stream, output)
        return None

    def write_until(self, time_s: float) -> None:
        """Write what is heard before that time of the copy."""
        for _ in self._steps(time_s):
            pass

    def finish(self, end_s: float | None) -> Iterator[None]:
        """Write the rest, up to a time of the copy or to the end, some packets a step."""
        for number, _ in enumerate(self._steps(end_s), 1):
            if number % PACKETS_A_STEP == 0:
                yield
        if not self._copied:
            self._output.mux(self._target.encode())

    def _steps(self, end_s: float | None) -> Iterator[None]:
        while (packet := self._next) is not None:
            if end_s is not None and self._time_s(packet) >= end_s:
                return
            self._next = next(self._packets, None)
            self._write(packet)
            yield

    def _time_s(self, packet: "av.Packet[Any]") -> float:
        """Time of a packet in the copy; before all others if it states none."""
        if packet.pts is None or packet.time_base is None:
            return float("-inf")
        return float(packet.pts * packet.time_base) - self._zero_s

    def _write(self, packet: "av.Packet[Any]") -> None:
        """Copy or encode a packet; one that is damaged leaves a gap."""
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
        shift = round(self._zero_s / (packet.time_base or Fraction(1)))
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        packet.stream = self._target
        self._output.mux(packet)

    def _encode(self, packet: "av.Packet[Any]") -> None:
        for frame in packet.decode():
            if isinstance(frame, av.AudioFrame):
                if frame.pts is not None and frame.time_base:
                    # The encoder takes no times that are coarser than its samples.
                    time_s = frame.pts * frame.time_base - self._zero_s
                    frame.pts = round(time_s * frame.sample_rate)
                    frame.time_base = Fraction(1, frame.sample_rate)
                self._output.mux(self._target.encode(frame))
