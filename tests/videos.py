"""Small video files whose content the tests know, made anew by PyAV."""

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
"""What is in the containers as a phone, a browser or a camera writes them: FFmpeg's name, the
pictures' codec and the sound's."""

QUICK = {"libvpx": {"deadline": "realtime", "cpu-used": "8"}}
"""Options without which a codec takes seconds for what a test needs."""

AUDIO_RATE = 48_000


def portrait(width: int = 320, height: int = 240, x: int = 60) -> RgbImage:
    """A gray picture with one face whose left edge is near x + 47."""
    picture = plain(width, height)
    head = astronaut()[10:210, 130:330]
    x, n = min(x, width - 1), min(200, width - x, height)
    picture[:n, x : x + n] = head[:n, :n]
    return picture


def moving_portrait(n: int, width: int = 320, height: int = 240) -> list[RgbImage]:
    """A face that goes slowly to the right."""
    return [portrait(width, height, 20 + 60 * k // n) for k in range(n)]


def video_bytes(
    pictures: Sequence[RgbImage],
    container: str = "mp4",
    *,
    fps: int = 10,
    times_ms: Iterable[int] | None = None,
    codec: str | None = None,
    audio: bool = False,
    rotation: int = 0,
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    **settings: Any,
) -> bytes:
    """A video file.

    Args:
        pictures: All frames, at least one.
        container: One of `CONTAINERS`.
        fps: Frames a second.
        times_ms: When each frame is seen, in milliseconds, instead of at `fps`.
        codec: Another codec than the container's usual one.
        audio: Whether there is a tone.
        rotation: By how many degrees a player turns the frames to the left.
        aspect: Width of a pixel over its height.
        options: For the codec.
        settings: For `av.open`.
    """
    file_format, usual_codec, audio_codec = CONTAINERS[container]
    buffer = io.BytesIO()
    height, width, _ = pictures[0].shape
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
        for pts, picture in zip(times_ms or range(len(pictures)), pictures, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = pts, stream.codec_context.time_base
            output.mux(stream.encode(frame.reformat(format="yuv420p")))
        output.mux(stream.encode())
        if isinstance(sound, av.AudioStream):
            _add_tone(output, sound, len(pictures) / fps)
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
