"""The processor time to encode a live viewer's frames, and the sharpness that arrives.

    python -m benchmarks.encoder

aiortc's VP8 encoder and this app's take turns, with the clip of the browser tests and the noise of
a camera (3 gray levels), at two bit rates. Processor time is that of all threads; the error is the
root of the mean square over all pixels of what was lost, the noise included.
"""

import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from aiortc.codecs.vpx import Vp8Decoder, Vp8Encoder, vp8_depayload
from aiortc.jitterbuffer import JitterFrame

from fer_core.images import RgbImage
from tests.e2e.clip import write_clip
from webapp.patches.lean_vp8 import LeanVp8Encoder

N_FRAMES = 240
NOISE = 3.0
ROUNDS = 3
RATES = 500_000, 1_500_000
CLOCK_HZ, FRAME_RATE = 90_000, 30


def noisy_clip() -> list[RgbImage]:
    """The frames of a camera."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "camera.mjpeg"
        write_clip(path)
        with av.open(str(path), format="mjpeg") as clip:
            frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
    frames = [frames[number % len(frames)] for number in range(N_FRAMES)]
    noisy = [frame + rng.normal(0, NOISE, frame.shape) for frame in frames]
    return [np.clip(frame, 0, 255).astype(np.uint8) for frame in noisy]


def measure(encoder: Vp8Encoder, images: list[RgbImage]) -> tuple[float, float, float]:
    """Milliseconds of processor time a frame, kilobits a second, and the error in grays."""
    decoder = Vp8Decoder()
    seconds = n_bytes = 0.0
    squares = []
    for number, image in enumerate(images):
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
        frame.pts = number * CLOCK_HZ // FRAME_RATE
        frame.time_base = Fraction(1, CLOCK_HZ)
        start = time.process_time()
        payloads, stamp = encoder.encode(frame)
        seconds += time.process_time() - start
        data = b"".join(vp8_depayload(payload) for payload in payloads)
        n_bytes += len(data)
        [arrived] = decoder.decode(JitterFrame(data, stamp))
        assert isinstance(arrived, av.VideoFrame)
        difference = arrived.to_ndarray(format="rgb24").astype(np.float32) - image
        squares.append(float(np.mean(difference**2)))
    kilobits = n_bytes * 8 / 1000 * FRAME_RATE / len(images)
    return 1000 * seconds / len(images), kilobits, float(np.sqrt(np.mean(squares)))


def main() -> None:
    """Print each encoder's medians at each rate."""
    images = noisy_clip()
    for rate in RATES:
        rows: dict[type[Vp8Encoder], list[tuple[float, float, float]]] = {}
        for _ in range(ROUNDS):
            for kind in (Vp8Encoder, LeanVp8Encoder):
                encoder = kind()
                encoder.target_bitrate = rate
                rows.setdefault(kind, []).append(measure(encoder, images))
        for kind, measured in rows.items():
            ms, kilobits, error = np.median(measured, axis=0)
            print(
                f"{rate / 1000:.0f} kbit/s, {kind.__name__}: {ms:.2f} ms a frame, "
                f"{kilobits:.0f} kbit/s used, error {error:.2f}"
            )


if __name__ == "__main__":
    main()
