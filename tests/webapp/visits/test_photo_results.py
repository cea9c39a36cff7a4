import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from fer_core.analysis import EmotionAnalyzer
from fer_core.faces import BoundingBox
from fer_core.reports import PredictionSource, table_json
from tests.faces import astronaut, file_bytes, plain
from webapp.serving.turns import Visitor
from webapp.visits.photo_results import (
    IMAGE_SIDE_PX,
    TILE_PX,
    Photo,
    analyze,
    explain,
    found_faces,
    tile,
)
from webapp.visits.photo_visit import PhotoVisit


def portrait(name: str) -> Photo:
    return Photo(name, name, file_bytes(Image.fromarray(astronaut()), "PNG"))


def archive_of(analyzer: EmotionAnalyzer, photos: list[Photo]) -> zipfile.ZipFile:
    visit = PhotoVisit(Visitor("me"))
    visit.add(photos)
    visit.results = {photo.key: analyze(analyzer, photo, (792, 540)) for photo in photos}
    return zipfile.ZipFile(io.BytesIO(visit.annotated_zip(photos)))


def test_the_archive_holds_an_image_of_each_photo_under_a_harmless_name_of_its_own(
    analyzer: EmotionAnalyzer,
) -> None:
    names = ["a.png", "a.jpg", "A.gif", "../../a-emotions-2.png", "..", "b\n.png", "broken.png"]
    photos = [portrait(name) for name in names[:-1]] + [Photo("x", names[-1], b"no photo")]
    with archive_of(analyzer, photos) as archive:
        assert archive.testzip() is None
        inside = archive.namelist()
        images = [np.asarray(Image.open(archive.open(name))) for name in inside]
    assert inside == [
        "a-emotions.png",
        "a-emotions-2.png",
        "A-emotions-3.png",
        "a-emotions-2-emotions.png",
        "file-emotions.png",
        "b_n-emotions.png",
    ]
    for image in images:
        assert image.shape == astronaut().shape
        assert (image != astronaut()).any()


def test_large_photos_are_smaller_in_the_archive(analyzer: EmotionAnalyzer) -> None:
    photo = Photo("p", "p.png", file_bytes(Image.fromarray(plain(3200, 800)), "PNG"))
    with archive_of(analyzer, [photo]) as archive:
        image = Image.open(archive.open("p-emotions.png"))
        assert image.size == (IMAGE_SIDE_PX, 400)


def test_a_photo_that_cannot_be_read_is_in_the_table(analyzer: EmotionAnalyzer) -> None:
    photos = [portrait("a.png"), Photo("x", "x.png", b"no photo")]
    reports = [analyze(analyzer, photo, (792, 540)).report for photo in photos]
    rows = json.loads(table_json(reports, PredictionSource.of(analyzer)))
    assert [row["file"] for row in rows] == ["a.png", "x.png"]
    assert [row["emotion"] for row in rows] == ["happy", None]
    assert rows[1]["problem"].startswith("This is not a JPG")


def test_what_the_answer_hangs_on_is_an_image(analyzer: EmotionAnalyzer) -> None:
    photo = portrait("a.png")
    (found,) = found_faces(photo, analyze(analyzer, photo, (792, 540)))
    image, fall = explain(analyzer, found)
    pixels = np.asarray(Image.open(io.BytesIO(image))).astype(int)
    assert 0 < fall <= 1
    red = pixels[..., 0] - pixels[..., 2]
    assert red.max() > 80, "something speaks for the answer"
    third = len(red) // 3
    assert red[2 * third :].mean() > red[:third].mean(), "a smile is in the lower part of the face"


@pytest.mark.parametrize(
    ("size", "width_px"),
    [
        pytest.param((60, 40), 792, id="a small photo is enlarged, so that its labels fit"),
        pytest.param((3200, 400), 792, id="a panorama by its width"),
        pytest.param((400, 3200), 68, id="a tall one by its height"),
    ],
)
def test_a_photo_is_drawn_for_the_place_in_which_it_is_shown(
    analyzer: EmotionAnalyzer, size: tuple[int, int], width_px: int
) -> None:
    photo = Photo("p", "p.png", file_bytes(Image.fromarray(plain(*size)), "PNG"))
    result = analyze(analyzer, photo, (792, 540))
    assert result.annotated is not None
    assert result.width_px == pytest.approx(width_px, abs=1)
    assert max(Image.open(io.BytesIO(result.annotated)).size) <= IMAGE_SIDE_PX


@pytest.mark.parametrize(
    "xyxy",
    [(0, 0, 20, 20), (80, 40, 100, 60), (0, 0, 100, 60), (40, 0, 45, 60)],
    ids=["in a corner", "in the other", "all of it", "a strip"],
)
def test_a_tile_is_square_wherever_the_face_is(xyxy: tuple[int, int, int, int]) -> None:
    assert tile(plain(100, 60), BoundingBox(*xyxy)).shape == (TILE_PX, TILE_PX, 3)
