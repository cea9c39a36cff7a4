"""Make the examples that the app shows before anything is uploaded: `python -m docs.examples`.

Both portraits are in the public domain: Eileen Collins (NASA), which scikit-image carries, and
Grace Hopper (US Navy), which matplotlib carries. Needs the development requirements.
"""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import skimage.data
from matplotlib import cbook
from PIL import Image

from fer_core.images import RgbImage, scale_to_fit

EXAMPLES = Path(__file__).resolve().parents[1] / "static" / "examples"
RATE, SECONDS = 15, 10
CLIP_WH = 960, 540
PAN_S, PAN_PX = (0, 2.2, 4, 6, 8, 10), (0, 20, 240, 255, 345, 360)
"""Times of the clip in seconds, and the left edge of its view at each."""


def portraits() -> tuple[RgbImage, RgbImage]:
    """Eileen Collins and Grace Hopper, RGB."""
    with Path(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))).open("rb") as file:
        return skimage.data.astronaut(), np.asarray(Image.open(file).convert("RGB"))


def fitted(
    image: RgbImage, xywh: tuple[float, float, float, float], size: tuple[int, int]
) -> RgbImage:
    """A part of an image, given in shares of its size, at another size."""
    height, width, _ = image.shape
    x, y, w, h = xywh
    part = image[
        round(y * height) : round((y + h) * height), round(x * width) : round((x + w) * width)
    ]
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def write_clip(path: Path, collins: RgbImage, hopper: RgbImage) -> None:
    """A camera moves from one portrait to both and on to the other, in ten seconds."""
    width, height = CLIP_WH
    tile = width * 3 // 4, height
    wall = np.hstack(
        [
            fitted(collins, (0, 0.02, 0.87, 0.6525), tile),
            fitted(hopper, (0.1, 0.02, 0.8, 0.615), (width * 5 // 8, height)),
        ]
    )
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "28"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(RATE * SECONDS):
            x = round(float(np.interp(number / RATE, PAN_S, PAN_PX)))
            view = np.ascontiguousarray(wall[:, x : x + width])
            frame = av.VideoFrame.from_ndarray(view, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def main() -> None:
    """Write the photos, the tips and the clip that the app shows."""
    collins, hopper = portraits()

    def save(name: str, image: RgbImage) -> None:
        Image.fromarray(image).save(EXAMPLES / name, quality=88)

    save("portrait.jpg", fitted(collins, (0, 0, 1, 0.75), (1024, 768)))
    pair = [
        fitted(collins, (0.06, 0.02, 0.76, 0.94), (648, 800)),
        fitted(hopper, (0.06, 0.02, 0.88, 0.915), (648, 800)),
    ]
    save("portraits.jpg", np.hstack(pair))
    face = fitted(collins, (0.2, 0.02, 0.46, 0.46), (300, 300))
    dark = face // 3
    slope = np.add.outer(-np.arange(300) // 4, np.arange(300)) > 112
    save("brighter.jpg", np.where(slope[..., np.newaxis], face, dark))
    closer = fitted(collins, (0, 0, 1, 1), (300, 300))
    cv2.rectangle(closer, (82, 28), (186, 138), (252, 251, 248), 4)
    save("closer.jpg", closer)
    save("facing.jpg", scale_to_fit(fitted(hopper, (0.12, 0.05, 0.74, 0.63), (300, 300)), 300))
    write_clip(EXAMPLES / "clip.mp4", collins, hopper)


if __name__ == "__main__":
    main()
