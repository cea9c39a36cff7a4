"""Read photos or videos with damage in them: each is read or refused with a sentence.

    python -m tests.fuzz images --minutes 30
    python -m tests.fuzz videos --minutes 30
    python -m tests.fuzz images --files FOLDER

The last one reads files as they are. Case N of a seed is the same every time: `--seed 0
--first 1234 --n 1` repeats one. What breaks the rule is printed, and so are the slowest case and
the peak of the memory. Each case that was found stands in tests/decoding or tests/video.
"""

import argparse
import faulthandler
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count, islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
from PIL import Image

from fer_core.decoding import decode_image
from fer_core.emotions import Emotion
from fer_core.errors import ImageDecodeError, OutputError, VideoDecodeError
from fer_core.timeline import Timeline, VideoSample
from fer_core.video.reader import open_video
from fer_core.video.writer import write_annotated
from tests.faces import astronaut, file_bytes
from tests.videos import OLDER, moving_portrait, video_bytes

Random = np.random.Generator

MOST_MB = 1000.0

_EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFDC, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


@cache
def photos() -> tuple[bytes, ...]:
    """Small real files of every format, in several ways of storing pixels."""
    rgb = Image.fromarray(astronaut()[40:168, 160:288])
    pillow_heif.register_heif_opener()
    # Copies and new frames each: Pillow keeps an encoder's settings in the image.
    files = [file_bytes(image.copy(), name, **options) for image, name, options in _ways(rgb)]
    blue_first = np.asarray(rgb)[..., ::-1]
    for wide in (blue_first.astype(np.uint16) * 16, (blue_first / 255).astype(np.float32)):
        files.append(cv2.imencode(".tif", wide)[1].tobytes())
    return tuple(files)


def _ways(rgb: Image.Image) -> list[tuple[Image.Image, str, dict[str, object]]]:
    """Images, their formats, and the options that they are written with."""
    rgba, gray, block = rgb.copy(), np.asarray(rgb.convert("L")), _exif_and_profile()
    rgba.putalpha(rgb.convert("L"))
    gray16 = Image.fromarray(gray.astype(np.uint16) * 257)
    shares = Image.fromarray((gray / 255).astype(np.float32))
    return [
        (rgb, "JPEG", block),
        (rgb, "JPEG", {"progressive": True}),
        (rgb.convert("CMYK"), "JPEG", {}),
        (rgb, "MPO", _several(rgb)),
        (rgb, "PNG", block),
        (rgba, "PNG", {}),
        (rgb.convert("P"), "PNG", {"transparency": 3}),
        (gray16, "PNG", {}),
        (rgb, "PNG", _several(rgb)),
        (rgb, "WEBP", block),
        (rgba, "WEBP", {"lossless": True}),
        (rgb, "WEBP", _several(rgb)),
        (rgb, "AVIF", block),
        (rgba, "AVIF", {}),
        (rgb, "AVIF", _several(rgb)),
        (rgb, "HEIF", block),
        (rgba, "HEIF", _several(rgb)),
        (rgb, "GIF", _several(rgb)),
        (rgb.convert("1"), "BMP", {}),
        (rgb.convert("P"), "BMP", {}),
        (rgb, "BMP", {}),
        (rgb, "TIFF", block),
        (gray16, "TIFF", {}),
        (shares, "TIFF", {}),
        (rgb, "TIFF", _several(rgb)),
        (rgba, "TIFF", {"compression": "tiff_lzw"}),
        (rgb, "TIFF", {"compression": "tiff_adobe_deflate"}),
        (rgb, "TIFF", {"compression": "jpeg"}),
        (rgb.convert("1"), "TIFF", {"compression": "group4"}),
    ]


def _exif_and_profile() -> dict[str, object]:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    return {"exif": exif.tobytes(), "icc_profile": b"\0" * 200}


def _several(image: Image.Image) -> dict[str, object]:
    return {"save_all": True, "append_images": [image.rotate(90), image.rotate(180)]}


@cache
def videos() -> tuple[bytes, ...]:
    """Small real files in every container, of several codecs."""
    frames = moving_portrait(12, 96, 64)
    times_ms = [0, 30, 35, 200, 210, 400, 700, 710, 720, 900, 1000, 1300]
    fragments = {"container_options": {"movflags": "frag_keyframe+empty_moov"}}
    quiet = {"x265-params": "log-level=none"}
    loose = {"options": {"strict": "unofficial"}}
    ways: list[tuple[str, dict[str, Any]]] = [
        ("mp4", {"audio": True}),
        ("mp4", {"audio": True, "options": {"g": "4"}, **fragments}),
        ("mp4", {"rotation": 90}),
        ("mp4", {"codec": "mpeg4", "times_ms": times_ms}),
        ("mp4", {"codec": "libx265", "options": {"preset": "ultrafast", **quiet}}),
        ("mov", {"audio": True}),
        ("mov", {"codec": "mjpeg", "rotation": 180, **loose}),
        ("webm", {"audio": True}),
        ("webm", {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}),
        ("mkv", {"audio": True}),
        ("mkv", {"codec": "ffv1"}),
        ("avi", {"audio": True}),
        ("avi", {"codec": "mjpeg", **loose}),
    ]
    older = [video_bytes(moving_portrait(6, 128, 96), container, fps=25) for container in OLDER]
    still, *others = (Image.fromarray(frame) for frame in frames[:4])
    moving: dict[str, object] = {"save_all": True, "append_images": others, "duration": 300}
    animated = [file_bytes(still.copy(), name, **moving) for name in ("GIF", "WEBP", "AVIF", "PNG")]
    usual = [video_bytes(frames, container, **options) for container, options in ways]
    return (*usual, *older, *animated)


def _place(data: bytearray, random: Random) -> int:
    """Somewhere in the file, half of the time in its header."""
    end = len(data) if random.integers(2) else min(len(data), 400)
    return int(random.integers(max(1, end)))


def _cut(data: bytearray, random: Random) -> None:
    del data[_place(data, random) :]


def _flip(data: bytearray, random: Random) -> None:
    data[_place(data, random)] ^= 1 << int(random.integers(8))


def _overwrite(data: bytearray, random: Random) -> None:
    at = _place(data, random)
    data[at : at + int(random.integers(1, 64))] = random.bytes(int(random.integers(1, 64)))


def _number(data: bytearray, random: Random) -> None:
    at, size = _place(data, random), int(random.choice([1, 2, 4]))
    value = int(random.choice(_EDGES)) & (256**size - 1)
    data[at : at + size] = value.to_bytes(size, "big" if random.integers(2) else "little")


def _repeat(data: bytearray, random: Random) -> None:
    at = _place(data, random)
    data[at:at] = data[at : at + int(random.integers(1, 300))] * int(random.integers(1, 20))


def _remove(data: bytearray, random: Random) -> None:
    at = _place(data, random)
    del data[at : at + int(random.integers(1, 300))]


_DAMAGES: tuple[Callable[[bytearray, Random], None], ...] = (
    *(_cut, _flip, _flip, _overwrite, _number, _number, _number, _repeat, _remove),
)


def odd_file(originals: Sequence[bytes], seed: int, number: int) -> bytes:
    """A real file with one to six damages, the same for the same numbers."""
    random = np.random.default_rng((seed, number))
    data = bytearray(originals[number % len(originals)])
    for _ in range(int(random.integers(1, 7))):
        damage = int(random.integers(len(_DAMAGES) + 1))
        if damage == len(_DAMAGES):  # goes on as another file
            other = originals[int(random.integers(len(originals)))]
            data[_place(data, random) :] = other[int(random.integers(len(other))) :]
        elif data:
            _DAMAGES[damage](data, random)
    return bytes(data)


def read_photo(data: bytes) -> str:
    """Read a photo, or be refused with a sentence."""
    try:
        image = decode_image(data)
    except ImageDecodeError as error:
        return str(error)
    return "read" if image.dtype == np.uint8 and image.shape[2:] == (3,) else "escaped: no RGB"


def read_video(data: bytes) -> str:
    """Do all that is done to a video but look for faces, or be refused with a sentence."""
    try:
        video = open_video(data)
        timeline = Timeline(list(Emotion), 5)
        for frame in video.frames(5):
            if frame.image.dtype != np.uint8 or frame.image.shape[2:] != (3,):
                return "escaped: no RGB"
            sample = VideoSample(frame.time_s, (), frame.progress, frame.size_wh, frame.end)
            timeline.add(sample)
        if len(timeline) and timeline.end is None:
            return "escaped: no end"
        if len(timeline) == 0:
            return "no frame"
        video.frame_at(timeline.end_s / 2)
        with tempfile.TemporaryDirectory() as folder:
            for _ in write_annotated(video, timeline, Path(folder) / "annotated.mp4"):
                pass
    except (VideoDecodeError, OutputError) as error:
        return str(error)
    return "read"


@dataclass(frozen=True)
class Kind:
    """A kind of files: whole ones, how one is read, and how long that may take."""

    originals: Callable[[], Sequence[bytes]]
    read: Callable[[bytes], str]
    most_seconds: float


KINDS = {"images": Kind(photos, read_photo, 3.0), "videos": Kind(videos, read_video, 5.0)}


def outcome(kind: Kind, data: bytes) -> str:
    """Return the end of a file's way; it starts with `escaped` if the rule is broken."""
    try:
        return kind.read(data)
    except BaseException as error:
        return f"escaped: {error!r}"


def peak_rss_mb() -> float:
    """The most memory this process had; getrusage would count that of the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> int:
    """Print what became of the files; 1 where one broke the rule."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--minutes", type=float, default=30.0, help="of processor time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--n", type=int, default=sys.maxsize, help="at most so many files")
    parser.add_argument("--files", type=Path, metavar="FOLDER", help="read these, undamaged")
    args = parser.parse_args()
    faulthandler.enable()
    warnings.simplefilter("ignore")  # Pillow remarks on damage that it reads past
    kind = KINDS[args.kind]
    cases = _whole_files(args.files) if args.files else _odd_files(kind, args.seed, args.first)
    outcomes: Counter[str] = Counter()
    slowest, n_bad = (0.0, ""), 0
    for name, data in islice(cases, args.n):
        start_s = time.process_time()
        result = outcome(kind, data)
        seconds = time.process_time() - start_s
        slowest = max(slowest, (seconds, name))
        outcomes[result.partition(":")[0]] += 1
        if result.startswith("escaped") or seconds > kind.most_seconds:
            n_bad += 1
            print(f"{name}: {result} after {seconds:.1f} s", flush=True)  # noqa: T201
        if time.process_time() > 60 * args.minutes:
            break
    peak_mb = peak_rss_mb()
    for result, n in outcomes.most_common():
        print(f"{n:8,} {result}")  # noqa: T201
    print(f"slowest {slowest[0]:.2f} s of CPU ({slowest[1]}), peak {peak_mb:.0f} MB")  # noqa: T201
    return int(n_bad > 0 or peak_mb > MOST_MB)


def _odd_files(kind: Kind, seed: int, first: int) -> Iterator[tuple[str, bytes]]:
    originals = kind.originals()
    for number in count(first):
        yield f"seed {seed}, case {number}", odd_file(originals, seed, number)


def _whole_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path), path.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
