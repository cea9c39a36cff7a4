"""Photos of too many parts are refused, those of as many as real ones have are read."""

import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from fer_core.claims import images
from fer_core.claims.images import check_scans, check_strips
from fer_core.decoding import decode_image
from fer_core.errors import ImageDecodeError
from fer_core.images import encode_jpeg, encode_png
from tests.faces import file_bytes, noise, plain

END = b"\xff\xd9"


def png_of_chunks(n_chunks: int, before: bytes = b"IEND") -> bytes:
    data = encode_png(plain(8, 8))
    chunk = struct.pack(">I4sI", 0, b"abCd", zlib.crc32(b"abCd"))
    at = data.index(before) - 4
    return data[:at] + n_chunks * chunk + data[at:]


def jpeg_with(parts: bytes) -> bytes:
    data = encode_jpeg(plain(8, 8))
    return data[:2] + parts + data[2:]


def jpeg_of_scans(n_scans: int, side: int = 64) -> bytes:
    data = file_bytes(Image.new("L", (side, side)), "JPEG", progressive=True)
    start, end = data.rindex(b"\xff\xda"), data.rindex(END)
    n_present = data.count(b"\xff\xda")
    return data[:end] + (n_scans - n_present) * data[start:end] + data[end:]


def gif_with(extension: bytes) -> bytes:
    data = file_bytes(Image.new("P", (8, 8)), "GIF")
    at = data.index(b"\x2c")
    return data[:at] + extension + data[at:]


def bmp_of_runs(n_runs: int) -> bytes:
    start, data = 14 + 40 + 1024, n_runs * b"\1\0"
    file_head = b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start)
    head = struct.pack("<IiiHHIIiiII", 40, n_runs, 1, 1, 8, 1, len(data), 0, 0, 256, 0)
    return file_head + head + bytes(1024) + data + b"\0\1"


def tiff_of_strips(n_strips: int, order: str = "<", tag: int = 273) -> bytes:
    """A TIFF up to its first entry; the strips themselves are left out."""
    sign = b"II*\0" if order == "<" else b"MM\0*"
    return sign + struct.pack(order + "IHHHII", 8, 1, tag, 4, n_strips, 30)


def big_tiff_of_strips(n_strips: int) -> bytes:
    return b"II+\0" + struct.pack("<HHQQHHQQ", 8, 0, 16, 1, 273, 4, n_strips, 60)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png_of_chunks(400), id="PNG of chunks"),
        pytest.param(png_of_chunks(400, b"IDAT"), id="PNG of chunks before its pixels"),
        pytest.param(jpeg_with(400 * b"\xff\xfe\0\2"), id="JPEG of comments"),
        pytest.param(jpeg_with(400 * b"\xff\xe2\0\2"), id="JPEG of color profiles"),
        pytest.param(jpeg_with(400 * b"\xff"), id="JPEG of fill bytes"),
        pytest.param(gif_with(b"\x21\xfe" + 400 * b"\1a" + b"\0"), id="GIF of a long comment"),
        pytest.param(gif_with(400 * b"\x21\xfe\1a\0"), id="GIF of comments"),
        pytest.param(bmp_of_runs(400), id="BMP of runs"),
    ],
)
def test_a_photo_of_too_many_parts_is_refused(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    decode_image(data)
    monkeypatch.setattr(images, "MAX_READS", 350)
    with pytest.raises(ImageDecodeError, match="too many parts"):
        decode_image(data)


@pytest.mark.parametrize("suffix", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"])
def test_a_photo_is_read_in_few_steps(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whether a GIF moves is known once its 400 blocks of 255 bytes are passed.
    monkeypatch.setattr(images, "MAX_READS", 1500 if suffix == "GIF" else 150)
    assert decode_image(file_bytes(Image.fromarray(noise(300, 300)), suffix)).shape == (300, 300, 3)


def test_a_jpeg_may_have_as_many_scans_as_pass_over_it_in_a_second_and_a_half() -> None:
    data = jpeg_of_scans(100)
    decode_image(data)
    n_pixels = 15_000_000 - 10_000
    check_scans(data, n_pixels)
    with pytest.raises(ImageDecodeError, match="too many parts"):
        check_scans(jpeg_of_scans(101), n_pixels)


def test_a_small_jpeg_of_200_000_scans_is_refused() -> None:
    with pytest.raises(ImageDecodeError, match="too many parts"):
        decode_image(jpeg_of_scans(200_000))


@pytest.mark.parametrize(
    "lookalikes",
    [
        pytest.param(jpeg_with(b"\xff\xfe\x03\xf0" + 503 * b"\xff\xda"), id="in a comment"),
        pytest.param(encode_jpeg(plain(8, 8)) + 500 * b"\xff\xda", id="after the end"),
    ],
)
def test_what_only_looks_like_a_scan_does_not_count(lookalikes: bytes) -> None:
    check_scans(lookalikes, 1_500_000_000 // 20)


def test_markers_without_end_are_refused_before_they_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(images, "MAX_READS", 100)
    data = jpeg_with(99 * b"\xff\xfe\0\2" + b"\xff\xfe\0\4\xff\xda")
    with pytest.raises(ImageDecodeError, match="too many parts"):
        check_scans(data, 10**9)


def test_fill_bytes_without_end_do_not_hold_up_the_count() -> None:
    data = jpeg_with(2**20 * b"\xff" + b"\0")  # minutes, where each is looked at from each
    with pytest.raises(ImageDecodeError, match="too many parts"):
        check_scans(data, 2 * 10**9)


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(tiff_of_strips, id="strips"),
        pytest.param(lambda n: tiff_of_strips(n, ">"), id="strips, big-endian"),
        pytest.param(lambda n: tiff_of_strips(n, tag=324), id="tiles"),
        pytest.param(big_tiff_of_strips, id="BigTIFF"),
    ],
)
def test_a_tiff_may_have_100_000_strips(build: Callable[[int], bytes]) -> None:
    check_strips(build(100_000))
    with pytest.raises(ImageDecodeError, match="too many parts"):
        check_strips(build(100_001))
    with pytest.raises(ImageDecodeError, match="too many parts"):
        decode_image(build(100_001))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"II*\0", id="four bytes"),
        pytest.param(b"II*\0\xff\xff\xff\xff", id="a table beyond the end"),
        pytest.param(b"II+\0" + bytes(4) + b"\xff" * 8, id="a table beyond all files"),
        pytest.param(tiff_of_strips(100_001)[:-4], id="an entry cut off"),
        pytest.param(encode_png(plain(8, 8)), id="not a TIFF"),
    ],
)
def test_a_tiff_cut_off_is_left_to_pillow(data: bytes) -> None:
    check_strips(data)
