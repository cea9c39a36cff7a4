import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fer_core.decoding import CUT_OFF, MAX_SIDE_PX, decode_image, decode_photo
from fer_core.errors import ImageDecodeError
from fer_core.images import (
    RgbImage,
    encode_png,
)
from tests.faces import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    astronaut,
    file_bytes,
    grace_hopper_jpeg,
    noise,
    plain,
)

ROOT = Path(__file__).resolve().parents[2]

ORIENTATION = 0x0112
"""EXIF's tag for which way up the camera was held."""

COLOR_OF = {"R": RED, "G": GREEN, "B": BLUE, "W": WHITE}


def quadrants(upper: str, lower: str, width: int = 32, height: int = 16) -> RgbImage:
    """Four patches of color, each named by a letter: upper left and right, lower left and right."""
    rows = [[plain(width // 2, height // 2, COLOR_OF[c]) for c in row] for row in (upper, lower)]
    return np.vstack([np.hstack(row) for row in rows])


def oriented(image: RgbImage, orientation: int, file_format: str) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    options = {"quality": 95, "subsampling": 0} if file_format == "JPEG" else {}
    return file_bytes(Image.fromarray(image), file_format, exif=exif.tobytes(), **options)


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0"))


def ftyp(brand: bytes) -> bytes:
    """The beginning of a file of the family that HEIC, AVIF and MP4 are of."""
    return struct.pack(">I", 24) + b"ftyp" + brand + b"\0\0\0\0" + brand + b"miaf"


def png(image: Image.Image, **options: object) -> bytes:
    return file_bytes(image, "PNG", **options)


# --- what is refused ---


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"", "The file is empty.", id="empty"),
        pytest.param(b"\0", "not a JPG, PNG", id="one byte"),
        pytest.param(b"I am a letter.\n", "not a JPG, PNG", id="text"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPG, PNG", id="SVG"),
        pytest.param(b"<!doctype html><img src='a.jpg'>", "not a JPG, PNG", id="HTML"),
        pytest.param(b"%PDF-1.7\n", "not a JPG, PNG", id="PDF"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a JPG, PNG", id="a program in PostScript"),
        pytest.param(ftyp(b"heic"), "broken", id="nothing after HEIC's signature"),
        pytest.param(ftyp(b"mif1"), "broken", id="nor after its general one"),
        pytest.param(b"\xff\x0a" + bytes(99), "This is a JPEG XL photo", id="JPEG XL"),
        pytest.param(b"II*\0" + bytes(99), "This TIFF photo is damaged", id="TIFF"),
        pytest.param(ftyp(b"avif"), "broken", id="nothing after AVIF's signature"),
        pytest.param(ftyp(b"avis"), "broken", id="nor after that of its animations"),
        pytest.param(ftyp(b"isom"), "not a JPG, PNG", id="video"),
        pytest.param(file_bytes(Image.new("L", (9, 9)), "ICO"), "not a JPG, PNG", id="ICO"),
        pytest.param(file_bytes(Image.new("L", (9, 9)), "PPM"), "not a JPG, PNG", id="PPM"),
        pytest.param(grace_hopper_jpeg()[:2], "not a JPG, PNG", id="JPEG cut in its signature"),
        pytest.param(grace_hopper_jpeg()[:300], "broken", id="JPEG cut in its header"),
        pytest.param(encode_png(noise(40, 40))[:20], "broken", id="PNG cut in its header"),
        pytest.param(encode_png(noise(40, 40))[:2000], "broken", id="PNG cut in its pixels"),
        pytest.param(png_header(10_000, 5_000), "broken", id="50 megapixels, still allowed"),
        pytest.param(png_header(0, 10), "not a JPG, PNG", id="PNG without width"),
    ],
)
def test_what_is_no_photo_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(ImageDecodeError, match=sentence) as caught:
        decode_image(data)
    assert str(caught.value).endswith(".")


BOMBS = [
    pytest.param(5_001, 10_000, id="50 megapixels and a bit"),
    pytest.param(65_500, 65_500, id="the longest sides of JPEG"),
    pytest.param(10_000, 10_000, id="where Pillow warns"),
    pytest.param(60_000, 60_000, id="where Pillow refuses"),
    pytest.param(2**31 - 1, 2**31 - 1, id="as large as PNG can say"),
    pytest.param(2**31 - 1, 1, id="one row"),
]


@pytest.mark.parametrize(("width", "height"), BOMBS)
def test_a_photo_that_would_fill_the_memory_is_refused_by_its_header(
    width: int, height: int
) -> None:
    with pytest.raises(ImageDecodeError, match=r"too large: more than [58]0 megapixels"):
        decode_image(png_header(width, height))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("width", "height"), BOMBS)
def test_refusing_a_bomb_does_not_depend_on_the_filter_of_warnings(width: int, height: int) -> None:
    with pytest.raises(ImageDecodeError, match=r"too large: more than [58]0 megapixels"):
        decode_image(png_header(width, height))


@pytest.mark.parametrize(
    ("file_format", "size_wh", "most"),
    [
        pytest.param("JPEG", (8_001, 10_000), 80, id="JPEG"),
        pytest.param("GIF", (5_001, 10_000), 50, id="GIF"),
        pytest.param("BMP", (5_001, 10_000), 50, id="BMP"),
        pytest.param("TIFF", (5_001, 10_000), 50, id="TIFF"),
        pytest.param("WEBP", (2_501, 10_000), 25, id="WebP"),
        pytest.param("AVIF", (2_501, 10_000), 25, id="AVIF"),
    ],
)
def test_every_format_has_a_limit(file_format: str, size_wh: tuple[int, int], most: int) -> None:
    # Written by hand where it would take long: a small image whose header lies.
    data = bytearray(file_bytes(Image.new("L", (16, 16), 99), file_format))
    width, height = size_wh
    if file_format == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", height, width)
    elif file_format == "GIF":
        data[6:10] = struct.pack("<HH", width, height)
    elif file_format == "BMP":
        data[18:26] = struct.pack("<ii", width, height)
    elif file_format == "WEBP":
        data[26:30] = struct.pack("<HH", width, height)
    elif file_format == "AVIF":
        at = data.index(b"ispe") + 8
        data[at : at + 8] = struct.pack(">II", width, height)
    else:
        data = bytearray(file_bytes(Image.new("1", size_wh), "TIFF", compression="group4"))
    with pytest.raises(ImageDecodeError, match=f"too large: more than {most} megapixels"):
        decode_image(bytes(data))


def test_a_thousand_damaged_photos_are_read_or_refused() -> None:
    """In a process of its own: what a damaged file does to memory or to Python shows there."""
    command = [sys.executable, "-m", "tests.fuzz", "images", "--n", "1000"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    n_files = sum(int(line.split()[0].replace(",", "")) for line in done.stdout.splitlines()[:-1])
    assert n_files == 1000


# --- which way up ---


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("orientation", "upper", "lower"),
    # From EXIF 2.3, 4.6.4: where the stored first row and first column belong in the image,
    # whose corners are red and green above, blue and white below.
    [
        pytest.param(1, "RG", "BW", id="1 row 0 top, column 0 left"),
        pytest.param(2, "GR", "WB", id="2 row 0 top, column 0 right"),
        pytest.param(3, "WB", "GR", id="3 row 0 bottom, column 0 right"),
        pytest.param(4, "BW", "RG", id="4 row 0 bottom, column 0 left"),
        pytest.param(5, "RB", "GW", id="5 row 0 left, column 0 top"),
        pytest.param(6, "GW", "RB", id="6 row 0 right, column 0 top"),
        pytest.param(7, "WG", "BR", id="7 row 0 right, column 0 bottom"),
        pytest.param(8, "BR", "WG", id="8 row 0 left, column 0 bottom"),
    ],
)
def test_a_photo_comes_out_upright(
    orientation: int, upper: str, lower: str, file_format: str
) -> None:
    lies_on_its_side = orientation >= 5
    size = (16, 32) if lies_on_its_side else (32, 16)
    image = decode_image(oriented(quadrants(upper, lower, *size), orientation, file_format))
    assert image.shape == (16, 32, 3)
    # JPEG does not keep colors to the last bit.
    assert np.abs(image.astype(int) - quadrants("RG", "BW")).max() <= 4


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_means_nothing_is_ignored(orientation: int) -> None:
    image = quadrants("RG", "BW")
    np.testing.assert_array_equal(decode_image(oriented(image, orientation, "PNG")), image)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(b"Exif\0\0garbage, not a TIFF header", id="garbage"),
        pytest.param(b"Exif\0\0", id="nothing after its name"),
        pytest.param(b"Exif\0\0II*\0\x08\0\0\0\xff\xff", id="cut off in its table"),
        pytest.param(
            b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
            id="orientation and next table point nowhere",
        ),
    ],
)
def test_a_photo_with_broken_exif_is_still_a_photo(exif: bytes) -> None:
    image = quadrants("RG", "BW")
    # Pillow writes what it is given; the block stands after JPEG's first marker.
    block = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    plain_jpeg = file_bytes(Image.fromarray(image), "JPEG", quality=95, subsampling=0)
    decoded = decode_image(plain_jpeg[:2] + block + plain_jpeg[2:])
    assert np.abs(decoded.astype(int) - image).max() <= 4


# --- how pixels are stored ---


def palette_with_transparency() -> Image.Image:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((3, 3), 1)
    return image


@pytest.mark.parametrize(
    ("data", "top_left", "bottom_right"),
    [
        pytest.param(png(Image.new("RGB", (4, 4), RED)), RED, RED, id="RGB"),
        pytest.param(png(Image.new("L", (4, 4), 7)), (7, 7, 7), (7, 7, 7), id="gray"),
        pytest.param(png(Image.new("1", (4, 4), 1)), WHITE, WHITE, id="one bit, white"),
        pytest.param(png(Image.new("1", (4, 4), 0)), (0, 0, 0), (0, 0, 0), id="one bit, black"),
        pytest.param(png(Image.new("RGBA", (4, 4), (*RED, 255))), RED, RED, id="RGBA, opaque"),
        pytest.param(png(Image.new("RGBA", (4, 4), (*RED, 0))), WHITE, WHITE, id="RGBA, clear"),
        # 20 % of red on white: 255, and 255 * 0.8 = 204.
        pytest.param(
            png(Image.new("RGBA", (4, 4), (*RED, 51))),
            (255, 204, 204),
            (255, 204, 204),
            id="RGBA, a fifth",
        ),
        # 40 % of black on white: 255 * 0.6 = 153.
        pytest.param(
            png(Image.new("LA", (4, 4), (0, 102))), (153, 153, 153), (153, 153, 153), id="LA"
        ),
        pytest.param(png(palette_with_transparency()), RED, BLUE, id="palette"),
        pytest.param(
            png(palette_with_transparency(), transparency=0), WHITE, BLUE, id="palette, first clear"
        ),
        pytest.param(
            png(Image.new("RGB", (4, 4), RED), transparency=RED), WHITE, WHITE, id="RGB, red clear"
        ),
        # 16 bits: 257 * 100 is 100 of 255, and 65535 is 255.
        pytest.param(
            png(Image.fromarray(np.full((4, 4), 25700, np.uint16))),
            (100, 100, 100),
            (100, 100, 100),
            id="gray, 16 bits",
        ),
        pytest.param(
            png(Image.fromarray(np.full((4, 4), 65535, np.uint16))), WHITE, WHITE, id="16 bits, max"
        ),
        pytest.param(
            cv2.imencode(".png", np.full((4, 4, 3), (0, 25700, 65535), np.uint16))[1].tobytes(),
            (255, 100, 0),
            (255, 100, 0),
            id="RGB, 16 bits (OpenCV writes blue first)",
        ),
        pytest.param(
            file_bytes(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "JPEG"), RED, RED, id="CMYK"
        ),
        pytest.param(
            file_bytes(Image.new("L", (4, 4), 7), "JPEG"), (7, 7, 7), (7, 7, 7), id="gray JPEG"
        ),
        pytest.param(
            file_bytes(
                Image.new("L", (4, 4), 40),
                "MPO",
                save_all=True,
                append_images=[Image.new("L", (8, 8), 200)],
            ),
            (40, 40, 40),
            (40, 40, 40),
            id="MPO, the first of two images",
        ),
        pytest.param(
            png(
                Image.new("L", (4, 4), 40),
                save_all=True,
                append_images=[Image.new("L", (4, 4), 200)],
            ),
            (40, 40, 40),
            (40, 40, 40),
            id="animated PNG, its first image",
        ),
        *(
            pytest.param(
                file_bytes(
                    Image.new("L", (4, 4), 40),
                    file_format,
                    save_all=True,
                    append_images=[Image.new("L", (4, 4), 200)],
                    **options,
                ),
                (40, 40, 40),
                (40, 40, 40),
                id=f"{file_format}, the first of two images",
            )
            for file_format, options in [
                ("GIF", dict[str, Any]()),
                ("TIFF", {}),
                ("WEBP", {"lossless": True}),
                ("AVIF", {"quality": 100}),
            ]
        ),
        pytest.param(file_bytes(Image.new("RGB", (4, 4), RED), "BMP"), RED, RED, id="BMP"),
        pytest.param(
            file_bytes(Image.new("RGBA", (4, 4), (*RED, 0)), "WEBP", lossless=True),
            WHITE,
            WHITE,
            id="WebP, clear",
        ),
        pytest.param(
            file_bytes(Image.new("RGB", (4, 4), RED), "TIFF", compression="tiff_lzw"),
            RED,
            RED,
            id="TIFF",
        ),
        pytest.param(
            file_bytes(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "TIFF"),
            RED,
            RED,
            id="TIFF, CMYK",
        ),
        pytest.param(
            file_bytes(Image.fromarray(np.full((4, 4), 25700, np.uint16)), "TIFF"),
            (100, 100, 100),
            (100, 100, 100),
            id="TIFF, gray, 16 bits",
        ),
        pytest.param(
            png(Image.new("RGB", (4, 4), RED), icc_profile=b"not a profile"),
            RED,
            RED,
            id="a broken color profile",
        ),
        pytest.param(
            png(Image.new("RGB", (4, 4), RED)) + b"PK\x03\x04<script>alert(1)</script>",
            RED,
            RED,
            id="a photo with something else behind it",
        ),
    ],
)
def test_pixels_of_every_kind_become_rgb(
    data: bytes, top_left: tuple[int, ...], bottom_right: tuple[int, ...]
) -> None:
    image = decode_image(data)
    assert image.shape == (4, 4, 3)
    assert image.dtype == np.uint8
    assert tuple(image[0, 0]) == top_left
    assert tuple(image[3, 3]) == bottom_right


def test_a_decoded_photo_may_be_written_to() -> None:
    image = decode_image(encode_png(noise(5, 3)))
    image[0, 0] = 1
    assert image.flags.c_contiguous


def test_a_png_with_a_text_block_is_read() -> None:
    note = PngInfo()
    note.add_text("Comment", "x" * 10_000)
    assert decode_image(png(Image.new("L", (4, 4)), pnginfo=note)).shape == (4, 4, 3)


# --- how large ---


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("mode", "size", "expected_wh"),
    [
        pytest.param("RGB", (4096, 8), (4096, 8), id="just fits"),
        pytest.param("RGB", (8192, 64), (4096, 32), id="twice too wide"),
        pytest.param("RGB", (64, 8192), (32, 4096), id="twice too high"),
        pytest.param("RGB", (16384, 1), (4096, 1), id="a line keeps its one row"),
        pytest.param("L", (8192, 64), (4096, 32), id="gray"),
        pytest.param("1", (8192, 64), (4096, 32), id="one bit"),
    ],
)
def test_a_large_photo_is_scaled_down(
    mode: str, size: tuple[int, int], expected_wh: tuple[int, int], file_format: str
) -> None:
    image = decode_image(file_bytes(Image.new(mode, size), file_format))
    assert image.shape == (expected_wh[1], expected_wh[0], 3)
    assert max(image.shape) <= MAX_SIDE_PX


def test_a_large_photo_on_its_side_is_scaled_and_turned() -> None:
    image = decode_image(oriented(quadrants("GW", "RB", 64, 8192), 6, "PNG"))
    assert image.shape == (32, 4096, 3)
    assert tuple(image[0, 0]) == RED
    assert tuple(image[0, -1]) == GREEN


def test_a_large_photo_of_16_bits_in_the_other_byte_order_is_scaled_down() -> None:
    data = file_bytes(Image.frombytes("I;16B", (8192, 2), b"\x64\x64" * 8192 * 2), "TIFF")
    assert set(decode_image(data).ravel().tolist()) == {100}


@pytest.mark.parametrize("mode", ["I;16", "LA", "RGBA", "P"])
def test_a_large_photo_of_an_odd_kind_is_scaled_down(mode: str) -> None:
    assert decode_image(png(Image.new(mode, (8192, 64)))).shape == (32, 4096, 3)


# --- values of other ranges than 0 to 255 ---


def ramp(white: float, kind: type[np.generic]) -> np.ndarray:
    """Four columns from black to white, `kind` values."""
    return np.repeat(np.linspace(0, white, 4)[np.newaxis], 3, axis=0).astype(kind)


def opencv_tiff(pixels: np.ndarray) -> bytes:
    written, content = cv2.imencode(".tif", pixels)
    assert written
    return content.tobytes()


@pytest.mark.parametrize(
    ("white", "kind"),
    [
        pytest.param(65535, np.uint16, id="16 bits"),
        pytest.param(4095, np.uint16, id="12 bits in 16"),
        pytest.param(4080, np.uint16, id="12 bits in 16, 8 times 16"),
        pytest.param(255, np.uint16, id="8 bits in 16"),
        pytest.param(255, np.int32, id="8 bits in 32"),
        pytest.param(1, np.float32, id="float to 1"),
        pytest.param(255, np.float32, id="float to 255"),
        pytest.param(65535, np.float32, id="float to 65535"),
    ],
)
def test_a_gray_tiff_of_any_range_goes_from_black_to_white(
    white: float, kind: type[np.generic]
) -> None:
    image = decode_image(file_bytes(Image.fromarray(ramp(white, kind)), "TIFF"))
    for value, expected in zip(image[1, :, 0].tolist(), (0, 85, 170, 255), strict=True):
        assert abs(value - expected) <= 1


@pytest.mark.parametrize(
    ("white", "kind"),
    [
        pytest.param(65535, np.uint16, id="16 bits"),
        pytest.param(4095, np.uint16, id="12 bits in 16"),
        pytest.param(1, np.float32, id="float to 1"),
        pytest.param(255, np.float32, id="float to 255"),
        pytest.param(1, np.float64, id="double to 1"),
    ],
)
def test_a_tiff_of_wide_colors_keeps_them(white: float, kind: type[np.generic]) -> None:
    pixels = np.zeros((3, 4, 3), kind)
    pixels[..., 2] = ramp(white, kind)  # red: OpenCV writes blue first
    pixels[..., 1] = ramp(white, kind)[:, ::-1]
    image = decode_image(opencv_tiff(pixels))
    assert image.dtype == np.uint8
    assert np.abs(image[2] - [[0, 255, 0], [85, 170, 0], [170, 85, 0], [255, 0, 0]]).max() <= 1


def test_a_tiff_of_wide_colors_on_its_side_comes_out_upright() -> None:
    content = opencv_tiff(np.full((2, 6, 3), 9, np.uint16))
    assert decode_image(content).shape == (2, 6, 3)
    assert decode_image(_with_orientation(content, 6)).shape == (6, 2, 3)


def _with_orientation(content: bytes, orientation: int) -> bytes:
    """The same TIFF with a tag more; its directory moves to the end."""
    (start,) = struct.unpack_from("<I", content, 4)
    (n,) = struct.unpack_from("<H", content, start)
    entries = [content[start + 2 + 12 * i : start + 14 + 12 * i] for i in range(n)]
    entries.append(struct.pack("<HHIHH", 274, 3, 1, orientation, 0))
    entries.sort(key=lambda entry: struct.unpack_from("<H", entry)[0])
    directory = struct.pack("<H", n + 1) + b"".join(entries) + bytes(4)
    return content[:4] + struct.pack("<I", len(content)) + content[8:] + directory


def test_a_tiff_of_wide_colors_that_is_too_large_is_no_matter_of_memory() -> None:
    content = bytearray(opencv_tiff(np.full((2, 6, 3), 9, np.uint16)))
    for tag in (256, 257):
        at = content.index(struct.pack("<HH", tag, 3))
        content[at + 2 : at + 12] = struct.pack("<HII", 4, 1, 60_000)
    with pytest.raises(ImageDecodeError):
        decode_image(bytes(content))


# --- cut off, animations, HEIC ---


@pytest.mark.parametrize("n_missing", [1, 2, 30_000])
def test_a_jpeg_is_read_as_far_as_it_goes(n_missing: int) -> None:
    whole = grace_hopper_jpeg()
    photo = decode_photo(whole[:-n_missing])
    assert photo.problem == CUT_OFF
    expected = decode_image(whole)
    np.testing.assert_array_equal(photo.image[:100], expected[:100])
    assert (n_missing < 3) == bool((photo.image == expected).all())


def test_a_whole_photo_has_no_problem() -> None:
    assert decode_photo(grace_hopper_jpeg()).problem == ""


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_of_an_animation_it_is_said_that_one_image_was_read(file_format: str) -> None:
    first, second = Image.new("L", (8, 8), 40), Image.new("L", (8, 8), 200)
    content = file_bytes(first, file_format, save_all=True, append_images=[second])
    assert "animation" in decode_photo(content).problem
    assert decode_photo(file_bytes(first, file_format)).problem == ""


def heic(image: Image.Image, **options: object) -> bytes:
    pillow_heif.register_heif_opener()
    return file_bytes(image, "HEIF", **options)


def test_a_heic_photo_is_read_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    portrait = Image.fromarray(astronaut()[:256])
    image = decode_image(heic(portrait, quality=90, exif=exif.tobytes()))
    expected = np.rot90(astronaut()[:256], -1)
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 5


def test_heic_without_its_plug_in_is_refused_with_what_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = heic(Image.new("RGB", (64, 64), RED))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageDecodeError, match="pip install pillow-heif"):
        decode_image(content)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_the_plug_in_is_imported_for_no_other_photo(file_format: str) -> None:
    code = (
        "import sys; from fer_core.decoding import decode_image\n"
        "decode_image(sys.stdin.buffer.read()); sys.exit('pillow_heif' in sys.modules)"
    )
    content = file_bytes(Image.new("RGB", (8, 8)), file_format)
    subprocess.run([sys.executable, "-c", code], input=content, check=True, cwd=ROOT)


def test_a_shortage_of_memory_is_not_said_to_be_the_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    def short(data: bytes) -> None:
        raise MemoryError

    monkeypatch.setattr("fer_core.decoding.photo._decoded", short)
    with pytest.raises(MemoryError):
        decode_image(grace_hopper_jpeg())
