import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fer_core.errors import ImageDecodeError
from fer_core.faces import BoundingBox
from fer_core.images import (
    MAX_SIDE_PX,
    RgbImage,
    crop_face,
    decode_image,
    encode_jpeg,
    encode_png,
    scale_to_fit,
    to_gray,
    to_gray_face,
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

ROOT = Path(__file__).resolve().parents[1]

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
        pytest.param(ftyp(b"heic"), "This is a HEIC photo", id="HEIC"),
        pytest.param(ftyp(b"mif1"), "This is a HEIC photo", id="HEIC by its general name"),
        pytest.param(ftyp(b"avif"), "not a JPG, PNG", id="nothing after AVIF's signature"),
        pytest.param(ftyp(b"isom"), "not a JPG, PNG", id="video"),
        pytest.param(file_bytes(Image.new("L", (9, 9)), "ICO"), "not a JPG, PNG", id="ICO"),
        pytest.param(file_bytes(Image.new("L", (9, 9)), "PPM"), "not a JPG, PNG", id="PPM"),
        pytest.param(grace_hopper_jpeg()[:2], "not a JPG, PNG", id="JPEG cut in its signature"),
        pytest.param(grace_hopper_jpeg()[:300], "broken", id="JPEG cut in its header"),
        pytest.param(grace_hopper_jpeg()[:30_000], "broken", id="JPEG cut in its pixels"),
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
    # Written by hand where it would take long: a small picture whose header lies.
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
    # From EXIF 2.3, 4.6.4: where the stored first row and first column belong in the picture,
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
            id="MPO, the first of two pictures",
        ),
        pytest.param(
            png(
                Image.new("L", (4, 4), 40),
                save_all=True,
                append_images=[Image.new("L", (4, 4), 200)],
            ),
            (40, 40, 40),
            (40, 40, 40),
            id="animated PNG, its first picture",
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
                id=f"{file_format}, the first of two pictures",
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


# --- gray, scaling, crops ---


def test_pure_red_becomes_gray_76() -> None:
    # .299 * 255 = 76.2; with red and blue swapped it would be .114 * 255 = 29.
    assert to_gray(plain(2, 2, RED)).tolist() == [[76, 76], [76, 76]]


@pytest.mark.parametrize(
    ("color", "gray"),
    [
        pytest.param(BLUE, 29, id="blue, 29.07"),
        pytest.param(GREEN, 150, id="green, 149.7"),
        pytest.param(WHITE, 255, id="white"),
        pytest.param((0, 0, 0), 0, id="black"),
    ],
)
def test_gray_is_bt_601_luma(color: tuple[int, int, int], gray: int) -> None:
    assert to_gray(plain(3, 2, color)).tolist() == [[gray] * 3] * 2


@pytest.mark.parametrize(
    ("size", "max_side_px", "expected_wh"),
    [
        pytest.param((1, 5000), 960, (1, 960), id="a line does not vanish"),
        pytest.param((100, 40), 50, (50, 20), id="wide"),
        pytest.param((40, 100), 50, (20, 50), id="high"),
        pytest.param((101, 40), 100, (100, 40), id="one pixel too wide"),
    ],
)
def test_scaling_keeps_the_proportions(
    size: tuple[int, int], max_side_px: int, expected_wh: tuple[int, int]
) -> None:
    scaled = scale_to_fit(plain(*size), max_side_px)
    assert (scaled.shape[1], scaled.shape[0]) == expected_wh


def test_an_image_that_fits_is_not_scaled() -> None:
    image = noise(100, 40)
    assert scale_to_fit(image, 100) is image


@pytest.mark.parametrize(
    ("xyxy", "margin"),
    [  # in an image 10 wide and 8 high
        pytest.param((-3, 2, 4, 6), 0.0, id="over the left edge"),
        pytest.param((7, 2, 14, 6), 0.0, id="over the right edge"),
        pytest.param((2, -3, 6, 4), 0.0, id="over the top edge"),
        pytest.param((2, 5, 6, 12), 0.0, id="over the bottom edge"),
        pytest.param((-3, -2, 4, 4), 0.0, id="over the upper left corner"),
        pytest.param((8, 7, 13, 12), 0.0, id="over the lower right corner"),
        pytest.param((-4, -4, 14, 12), 0.0, id="over all edges"),
        pytest.param((9, 7, 10, 8), 0.0, id="the last pixel"),
        pytest.param((0, 0, 10, 8), 0.0, id="the whole image"),
        pytest.param((2, 2, 6, 6), 0.0, id="well inside"),
        pytest.param((0, 0, 4, 4), 0.5, id="its margin is over two edges"),
        pytest.param((0, 0, 10, 8), 2.0, id="a margin wider than the image"),
        pytest.param((2, 2, 8, 8), -0.25, id="cut into"),
    ],
)
def test_a_crop_repeats_the_edge_where_it_reaches_beyond_the_image(
    xyxy: tuple[int, int, int, int], margin: float
) -> None:
    image = noise(10, 8)
    dx, dy = round((xyxy[2] - xyxy[0]) * margin), round((xyxy[3] - xyxy[1]) * margin)
    columns = np.arange(xyxy[0] - dx, xyxy[2] + dx).clip(0, 9)
    rows = np.arange(xyxy[1] - dy, xyxy[3] + dy).clip(0, 7)
    crop = crop_face(image, BoundingBox(*xyxy), margin)
    np.testing.assert_array_equal(crop, image[rows][:, columns])


@pytest.mark.parametrize(
    "xyxy",
    [
        pytest.param((-5, 2, 0, 6), id="left"),
        pytest.param((10, 2, 15, 6), id="right"),
        pytest.param((2, -5, 6, 0), id="above"),
        pytest.param((2, 8, 6, 9), id="below"),
    ],
)
def test_a_crop_outside_the_image_is_an_error(xyxy: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="outside the image of 10x8"):
        crop_face(noise(10, 8), BoundingBox(*xyxy))


def test_writing_to_a_crop_leaves_the_image_as_it_is() -> None:
    image = noise(10, 8)
    before = image.copy()
    for box in (BoundingBox(2, 2, 6, 6), BoundingBox(0, 0, 10, 8), BoundingBox(-1, 0, 5, 5)):
        crop_face(image, box)[:] = 0
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    ("crop_wh", "size_wh"),
    [
        pytest.param((1, 1), (48, 48), id="one pixel"),
        pytest.param((200, 300), (48, 48), id="shrunk"),
        pytest.param((20, 20), (48, 48), id="enlarged"),
        pytest.param((100, 20), (48, 48), id="shrunk and enlarged"),
        pytest.param((48, 48), (48, 48), id="as it is"),
        pytest.param((60, 60), (32, 24), id="wider than high"),
    ],
)
def test_a_red_crop_becomes_an_even_gray_face_of_the_networks_size(
    crop_wh: tuple[int, int], size_wh: tuple[int, int]
) -> None:
    face = to_gray_face(plain(*crop_wh, RED), *size_wh)
    assert face.shape == (size_wh[1], size_wh[0])
    assert face.dtype == np.uint8
    assert set(face.ravel().tolist()) == {76}


def test_shrinking_averages_pixels_instead_of_skipping_them() -> None:
    # A checkerboard of single pixels, halved: each 2x2 block of 0, 255, 255, 0 becomes 127.5.
    board = (np.indices((96, 96)).sum(axis=0) % 2 * 255).astype(np.uint8)
    face = to_gray_face(np.repeat(board[..., np.newaxis], 3, axis=2), 48, 48)
    assert set(face.ravel().tolist()) <= {127, 128}


# --- files ---


def test_a_png_keeps_every_pixel() -> None:
    image = noise(33, 17)
    np.testing.assert_array_equal(decode_image(encode_png(image)), image)


def test_a_jpeg_keeps_a_portrait_close_to_what_it_was() -> None:
    image = astronaut()
    data = encode_jpeg(image)
    assert Image.open(BytesIO(data)).format == "JPEG"
    assert np.abs(decode_image(data).astype(int) - image).mean() < 3
