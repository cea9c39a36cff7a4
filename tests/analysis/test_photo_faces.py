import copy
import io
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fer_core.analysis import EmotionAnalyzer, PhotoFaces
from fer_core.drawing import draw_faces
from fer_core.images import RgbImage
from fer_core.reports.rows import PredictionSource, columns
from tests.faces import SquareDetector, astronaut, face_emotion, file_bytes, happy_if_white, squares

BOXES = (10, 10, 50, 50), (80, 10, 120, 50)
IMAGE = squares(200, 100, *BOXES)
ANALYZER = EmotionAnalyzer(SquareDetector(), happy_if_white())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.fromarray(IMAGE).save(path)
    return path


def faces_of(image: Any) -> PhotoFaces:
    faces: PhotoFaces = ANALYZER.analyze(image)
    return faces


# --- a sequence ---


def test_it_is_a_sequence_and_equals_a_list_of_its_faces() -> None:
    faces = faces_of(IMAGE)
    assert [face.box.xyxy for face in faces] == list(BOXES)
    assert (len(faces), faces[0].emotion, faces[-1].box.xyxy) == (2, "happy", BOXES[1])
    assert faces == list(faces)
    assert faces == faces_of(IMAGE)
    assert faces[:1] == [faces[0]]
    assert faces != faces[:1]
    assert faces != "two faces"


def test_without_a_face_it_is_empty_and_false() -> None:
    faces = faces_of(squares(20, 30))
    assert faces == []
    assert not faces


@pytest.mark.parametrize(
    ("n", "shown"),
    [
        (0, "<200x100: 0 faces>"),
        (1, "<200x100: 1 face: happy 70%>"),
        (4, "<200x100: 4 faces: happy 70%, happy 70%, happy 70%, …>"),
    ],
)
def test_its_repr_is_short(n: int, shown: str) -> None:
    faces = [face_emotion((40 * k, 10, 40 * k + 30, 40)) for k in range(n)]
    assert repr(PhotoFaces(faces, (200, 100), PredictionSource.of(ANALYZER))) == shown


def test_its_repr_names_the_file(file: Path) -> None:
    assert repr(faces_of(file)).startswith(f"<{file}: 2 faces: ")


# --- tables ---


def test_a_dict_for_each_face_has_the_columns_of_the_command_line(file: Path) -> None:
    first, second = faces_of(file).to_dict()
    assert list(first) == columns(ANALYZER.classifier.labels)
    expected = {"file": str(file), "width": 200, "height": 100, "n_faces": 2, "face": 1, "x1": 10}
    assert {name: first[name] for name in expected} == expected
    assert (second["face"], second["x1"], second["happy"]) == (2, 80, 1.0)
    json.dumps([first, second], allow_nan=False)


def test_a_table_has_a_row_a_face_and_its_columns_even_without_one() -> None:
    table = faces_of(IMAGE).to_pandas()
    assert table["x1"].tolist() == [10, 80]
    empty = faces_of(squares(20, 30)).to_pandas()
    assert (len(empty), list(empty)) == (0, list(table))


def test_without_pandas_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        faces_of(IMAGE).to_pandas()


# --- images ---


def kinds(file: Path) -> dict[str, Any]:
    return {
        "array": IMAGE,
        "path": file,
        "text": str(file),
        "bytes": file.read_bytes(),
        "file object": io.BytesIO(file.read_bytes()),
        "PIL image": Image.fromarray(IMAGE),
    }


@pytest.mark.parametrize("kind", ["array", "path", "text", "bytes", "file object", "PIL image"])
def test_it_draws_on_the_photo_however_that_was_given(kind: str, file: Path) -> None:
    faces = faces_of(kinds(file)[kind])
    np.testing.assert_array_equal(faces.draw(), draw_faces(IMAGE, faces))


def test_it_draws_bars_on_demand() -> None:
    faces = faces_of(IMAGE)
    expected = draw_faces(IMAGE, faces, show_probabilities=True)
    np.testing.assert_array_equal(faces.draw(show_probabilities=True), expected)


def test_it_draws_in_the_right_colors_what_opencv_read() -> None:
    red: RgbImage = IMAGE.copy()
    red[60:] = (255, 0, 0)
    faces = ANALYZER.analyze(np.ascontiguousarray(red[:, :, ::-1]), color="bgr")
    assert faces.draw()[90, 190].tolist() == [255, 0, 0]


def test_a_notebook_shows_a_small_png() -> None:
    shown = faces_of(squares(4000, 2000, (10, 10, 500, 500)))._repr_png_()
    assert shown is not None
    assert Image.open(io.BytesIO(shown)).size == (1024, 512)


def test_another_photo_is_not_drawn_on() -> None:
    with pytest.raises(ValueError, match=r"of 200x100 .* Received: one of 20x30"):
        faces_of(IMAGE).draw(squares(20, 30))


# --- pickled ---


@pytest.mark.parametrize("kind", ["array", "path", "bytes"])
def test_it_is_pickled_without_pixels(kind: str, file: Path) -> None:
    faces = faces_of(kinds(file)[kind])
    content = pickle.dumps(faces)
    copy = pickle.loads(content)
    assert copy == faces
    assert (copy.to_dict(), copy.size_wh) == (faces.to_dict(), faces.size_wh)
    assert len(content) < 3000 < IMAGE.nbytes
    if kind == "array":
        assert copy._repr_png_() is None
        with pytest.raises(ValueError, match=r"do not travel.*draw\(image\)"):
            copy.draw()
        np.testing.assert_array_equal(copy.draw(IMAGE), faces.draw())
    else:
        np.testing.assert_array_equal(copy.draw(), faces.draw())


def test_bytes_that_were_analyzed_are_kept_as_they_are() -> None:
    content = file_bytes(Image.fromarray(IMAGE), "PNG")
    assert faces_of(bytearray(content)).draw().shape == IMAGE.shape


def test_a_copy_is_drawn_as_the_first_one(analyzer: EmotionAnalyzer) -> None:
    faces = analyzer.analyze(astronaut())
    for copied in (copy.copy(faces), copy.deepcopy(faces)):
        assert copied == faces
        assert (copied.draw() == faces.draw()).all()


def test_pickled_faces_are_drawn_on_an_image_of_opencv(analyzer: EmotionAnalyzer) -> None:
    image = astronaut()
    faces = pickle.loads(pickle.dumps(analyzer.analyze(image)))
    assert (faces.draw(image[..., ::-1].copy(), color="bgr") == faces.draw(image)).all()


def test_a_notebook_shows_nothing_where_the_file_is_gone(
    analyzer: EmotionAnalyzer, tmp_path: Path
) -> None:
    file = tmp_path / "photo.png"
    Image.fromarray(astronaut()).save(file)
    faces = analyzer.analyze(file)
    assert faces._repr_png_() is not None
    file.unlink()
    assert faces._repr_png_() is None
