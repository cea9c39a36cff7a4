"""Small video files whose content the tests know, made by PyAV when they are asked for."""

import io
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np

from fer_core.images import RgbImage
from tests.faces import astronaut, plain

CONTAINERS = {
    "mp4": ("mp4", "libx264", "aac"),
    "mov": ("mov", "libx264", "pcm_s16le"),
    "webm": ("webm", "libvpx", "libopus"),
    "mkv": ("matroska", "libx264", "flac"),
    "avi": ("avi", "mpeg4", "libmp3lame"),
}
"""Containers as a phone, a browser or a camera writes them: FFmpeg's name, the codecs of frames and
sound."""

OLDER = {
    "3gp": ("3gp", "h263", "aac"),
    "ts": ("mpegts", "libx264", "aac"),
    "mpg": ("mpeg", "mpeg2video", "mp2"),
    "wmv": ("asf", "wmv2", "wmav2"),
    "flv": ("flv", "libx264", "aac"),
}
"""The same of those that older phones, camcorders and programs write."""

QUICK = {"libvpx": {"deadline": "realtime", "cpu-used": "8"}}
"""Options without which a codec takes seconds for what a test needs."""

AUDIO_RATE = 48_000


def portrait(width: int = 320, height: int = 240, x: int = 60) -> RgbImage:
    """A gray image with one face whose left edge is near x + 47."""
    image = plain(width, height)
    head = astronaut()[10:210, 130:330]
    x, n = min(x, width - 1), min(200, width - x, height)
    image[:n, x : x + n] = head[:n, :n]
    return image


def moving_portrait(n: int, width: int = 320, height: int = 240) -> list[RgbImage]:
    """A face that goes slowly to the right."""
    return [portrait(width, height, 20 + 60 * k // n) for k in range(n)]


def video_bytes(
    images: Sequence[RgbImage],
    container: str = "mp4",
    *,
    fps: int = 10,
    times_ms: Iterable[int] | None = None,
    last_ms: int | None = None,
    codec: str | None = None,
    audio: bool | float = False,
    rotation: int = 0,
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    **settings: Any,
) -> bytes:
    """A video file.

    Args:
        images: All frames, at least one.
        container: One of `CONTAINERS` or `OLDER`.
        fps: Frames a second.
        times_ms: Time of each frame in milliseconds, instead of at `fps`.
        last_ms: Time for which the last frame is seen.
        codec: Another codec than the container's usual one.
        audio: True for a tone, or its seconds.
        rotation: By how many degrees a player turns the frames to the left.
        aspect: Width of a pixel over its height.
        options: For the codec.
        settings: For `av.open`.
    """
    file_format, usual_codec, audio_codec = (CONTAINERS | OLDER)[container]
    buffer = io.BytesIO()
    height, width, _ = images[0].shape
    with av.open(buffer, "w", format=file_format, **settings) as output:
        name = codec or usual_codec
        stream = output.add_stream(
            name, rate=fps, options={**QUICK.get(name, {}), **(options or {})}
        )
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000 if times_ms else fps)
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        sound = output.add_stream(audio_codec, rate=AUDIO_RATE) if audio else None
        packets: list[av.Packet[Any]] = []
        for pts, image in zip(times_ms or range(len(images)), images, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = pts, stream.codec_context.time_base
            packets += stream.encode(frame.reformat(format="yuv420p"))
        packets += stream.encode()
        if last_ms:
            packets[-1].duration = last_ms
        output.mux(packets)
        if isinstance(sound, av.AudioStream):
            _add_tone(output, sound, len(images) / fps if audio is True else audio)
    return buffer.getvalue()


def size_changes(*parts: Sequence[RgbImage], fps: int = 10) -> bytes:
    """A WebM of one stream, each part of a size of its own, as browsers record a call."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="webm") as output:
        stream = output.add_stream("libvpx", rate=fps)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width, _ = parts[0][0].shape
        stream.pix_fmt = "yuv420p"
        start = 0
        for part in parts:
            encoder = av.VideoCodecContext.create("libvpx", "w")
            encoder.height, encoder.width, _ = part[0].shape
            encoder.pix_fmt, encoder.bit_rate = "yuv420p", 2_000_000
            encoder.time_base, encoder.options = Fraction(1, fps), QUICK["libvpx"]
            frames = [av.VideoFrame.from_ndarray(image, format="rgb24") for image in part]
            for pts, frame in enumerate(frames, start):
                frame.pts, frame.time_base = pts, Fraction(1, fps)
            encoded = [packet for frame in frames for packet in encoder.encode(frame)]
            for packet in [*encoded, *encoder.encode()]:
                packet.stream = stream
                output.mux(packet)
            start += len(part)
    return buffer.getvalue()


def audio_bytes(seconds: float = 1.0) -> bytes:
    """A sound file in MP4."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        sound = output.add_stream("aac", rate=AUDIO_RATE)
        assert isinstance(sound, av.AudioStream)
        _add_tone(output, sound, seconds)
    return buffer.getvalue()


def _add_tone(output: av.container.OutputContainer, sound: av.AudioStream, seconds: float) -> None:
    n = int(seconds * AUDIO_RATE)
    tone = (8000 * np.sin(np.arange(n) * 2 * np.pi * 440 / AUDIO_RATE)).astype(np.int16)
    for start in range(0, n, 4800):
        samples = np.repeat(tone[start : start + 4800], 2)[np.newaxis]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE, start, Fraction(1, AUDIO_RATE)
        output.mux(sound.encode(frame))
    output.mux(sound.encode())
