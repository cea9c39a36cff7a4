import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fer_core.analysis import EmotionAnalyzer
from fer_core.decoding import decode_image
from fer_core.drawing import draw_faces
from fer_core.errors import ImageDecodeError
from fer_core.faces import BoundingBox, DetectedFace
from fer_core.image_input import is_batch, read_batch, to_rgb
from fer_core.live import LiveSession
from tests.faces import RED, SquareDetector, file_bytes, happy_if_white, noise, plain, squares

IMAGE = noise(7, 5)
PNG = file_bytes(Image.fromarray(IMAGE), "PNG")
BOX = BoundingBox(10, 10, 50, 50)


# --- what is taken ---


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(IMAGE, id="an array"),
        pytest.param(PNG, id="bytes"),
        pytest.param(bytearray(PNG), id="a bytearray"),
        pytest.param(memoryview(PNG), id="a memoryview"),
        pytest.param(io.BytesIO(PNG), id="a file object"),
        pytest.param(Image.fromarray(IMAGE), id="a PIL image"),
    ],
)
def test_every_kind_of_image_gives_the_same_pixels(image: Any) -> None:
    np.testing.assert_array_equal(to_rgb(image), IMAGE)


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_read(tmp_path: Path, kind: Callable[[Path], str | Path]) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    np.testing.assert_array_equal(to_rgb(kind(path)), IMAGE)


def test_an_rgb_array_is_not_copied() -> None:
    assert to_rgb(IMAGE) is IMAGE


@pytest.mark.parametrize(
    "bgr",
    [
        pytest.param(plain(4, 3, RED[::-1]), id="as OpenCV gives it"),
        pytest.param(plain(4, 3, RED)[:, :, ::-1], id="running backwards"),
    ],
)
def test_blue_green_red_is_turned(bgr: np.typing.NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(to_rgb(bgr, "bgr"), plain(4, 3, RED))


def test_a_gray_array_is_taken_where_it_is_said_to_be_one() -> None:
    gray = np.full((3, 4), 77, np.uint8)
    np.testing.assert_array_equal(to_rgb(gray, "gray"), plain(4, 3, (77, 77, 77)))


def test_a_file_object_is_read_from_where_it_stands() -> None:
    file = io.BytesIO(b"head" + PNG)
    file.seek(4)
    np.testing.assert_array_equal(to_rgb(file), IMAGE)


def test_a_pil_image_is_turned_upright_and_stays_as_it_is() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    image = Image.open(io.BytesIO(file_bytes(Image.fromarray(IMAGE), "PNG", exif=exif)))
    np.testing.assert_array_equal(to_rgb(image), np.rot90(IMAGE, -1))
    assert image.size == (7, 5)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "RGBA", "LA", "F", "I;16"])
def test_a_pil_image_of_any_mode_is_converted(mode: str) -> None:
    image = Image.new(mode, (4, 3))
    assert to_rgb(image).shape == (3, 4, 3)
    assert to_rgb(image).dtype == np.uint8


# --- what is not ---


@pytest.mark.parametrize(
    ("image", "said"),
    [
        pytest.param(None, r"Received: None, which cv2\.imread gives", id="None"),
        pytest.param(3, "Expected a path, bytes, .* Received: int", id="a number"),
        pytest.param([[0, 1], [2, 3]], "Received: list", id="lists of numbers"),
        pytest.param({"a": 1}, "Received: dict", id="a dict"),
        pytest.param(io.StringIO("text"), r"open\(path, 'rb'\).*gives str", id="a text file"),
    ],
)
def test_another_kind_of_value_is_a_type_error_that_names_it(image: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        to_rgb(image)


@pytest.mark.parametrize(
    ("image", "color", "said"),
    [
        (IMAGE.astype(np.float32) / 255, "rgb", r"float32 .*\(255 \* image\)"),
        (IMAGE.astype(np.float64), "rgb", r"float64 .*image.astype"),
        (IMAGE.astype(np.int64), "rgb", "uint8 of shape .*int64"),
        (IMAGE > 3, "rgb", "bool"),
        (IMAGE[:, :, 0], "rgb", r"\(5, 7\); of a gray image, say color=.gray"),
        (IMAGE[:, :, 0], "bgr", "color=.gray"),
        (IMAGE, "gray", r"\(H, W\) for color=.gray.*\(5, 7, 3\)"),
        (np.zeros((5, 7, 4), np.uint8), "rgb", "leave out the alpha channel"),
        (np.zeros((0, 7, 3), np.uint8), "rgb", r"\(0, 7, 3\)"),
        (np.zeros((0, 7, 3), np.uint8), "bgr", r"\(0, 7, 3\)"),
        (np.zeros((0, 7, 3), np.float32), "rgb", "float32"),
        (np.array(3, np.uint8), "gray", r"shape \(\)"),
        (Image.new("RGB", (0, 3)), "rgb", "at least one pixel"),
        (IMAGE, "BGR", "one of rgb, bgr, gray. Received: 'BGR'"),
    ],
)
def test_another_kind_of_array_is_a_value_error_with_advice(
    image: Any, color: Any, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        to_rgb(image, color)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no\.png"):
        to_rgb(tmp_path / "no.png")


def test_a_file_that_is_no_photo_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("text")
    with pytest.raises(ImageDecodeError, match=r"notes\.txt: This is not"):
        to_rgb(path)


def test_decoding_takes_bytes_alone_and_says_so() -> None:
    with pytest.raises(TypeError, match=r"Expected the bytes of a photo\. Received: str"):
        decode_image("a.png")  # type: ignore[arg-type]


# --- batches ---


@pytest.mark.parametrize(
    ("images", "several"),
    [
        ([], True),
        (["a.png"], True),
        ((IMAGE, PNG), True),
        (Path().glob("*.png"), True),
        (np.zeros((2, 5, 7, 3), np.uint8), True),
        (IMAGE, False),
        ("a.png", False),
        (PNG, False),
        (io.BytesIO(PNG), False),
        (Image.fromarray(IMAGE), False),
        (None, False),
        ({"a.png": 1}, False),
        ({"a.png"}, False),
    ],
)
def test_a_batch_is_told_from_an_image(images: Any, several: bool) -> None:
    assert is_batch(images) is several


def test_a_batch_is_read_image_by_image() -> None:
    first, second = read_batch([PNG, IMAGE])
    assert first.kept == PNG
    np.testing.assert_array_equal(first.image, second.image)


@pytest.mark.parametrize(
    ("wrong", "kind"), [(None, TypeError), (IMAGE > 3, ValueError), (b"text", ImageDecodeError)]
)
def test_the_wrong_image_of_a_batch_is_counted(wrong: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="Image 1 of the batch: "):
        list(read_batch([IMAGE, wrong]))


# --- everywhere ---


@pytest.fixture
def happy() -> EmotionAnalyzer:
    return EmotionAnalyzer(SquareDetector(), happy_if_white())


def test_analyze_takes_a_batch_and_keeps_its_order(happy: EmotionAnalyzer) -> None:
    with_face, without = squares(100, 100, BOX.xyxy), plain(80, 80, (0, 0, 0))
    faces, none = happy.analyze([with_face, without])
    assert [face.box for face in faces] == [BOX]
    assert list(none) == []
    both = happy.analyze(list(np.stack([with_face, with_face])))
    assert both == [faces, faces]
    stacked: Any = np.stack([with_face, with_face])
    assert happy.analyze(stacked) == both


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda a, image: a.analyze(image), id="analyze"),
        pytest.param(lambda a, image: a.classify(image, [DetectedFace(BOX, 1)]), id="classify"),
        pytest.param(lambda a, image: a.probabilities(image, [BOX]), id="probabilities"),
        pytest.param(lambda a, image: draw_faces(image, []), id="draw_faces"),
        pytest.param(lambda a, image: LiveSession(a).process(image, 0.0), id="process"),
        pytest.param(lambda a, image: SquareDetector().searched_copy(image, None), id="detect"),
    ],
)
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(None, id="None"),
        pytest.param((squares(100, 100, BOX.xyxy) / 255).astype(np.float32), id="float"),
        pytest.param(squares(100, 100, BOX.xyxy)[:, :, 0], id="gray"),
        pytest.param(squares(100, 100, BOX.xyxy)[:, :, ::-1].astype(np.int64), id="int64"),
    ],
)
def test_every_function_refuses_what_is_no_image(
    happy: EmotionAnalyzer, call: Callable[[EmotionAnalyzer, Any], object], wrong: Any
) -> None:
    with pytest.raises((TypeError, ValueError), match=r"Expected .* Received: "):
        call(happy, wrong)


def test_every_function_turns_blue_green_red(happy: EmotionAnalyzer) -> None:
    red = plain(100, 100, RED)
    blue = red[:, :, ::-1]
    seen = [happy.probabilities(red, [BOX]), happy.probabilities(blue, [BOX], color="bgr")]
    assert seen[0] == seen[1]
    faces = [DetectedFace(BOX, 1)]
    assert happy.classify(red, faces) == happy.classify(blue, faces, color="bgr")
    np.testing.assert_array_equal(draw_faces(blue, [], color="bgr"), red)
    shown = LiveSession(happy).process(blue, 0.0, color="bgr").image
    np.testing.assert_array_equal(shown[70, 50], RED)
