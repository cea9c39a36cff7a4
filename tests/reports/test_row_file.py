import json
from dataclasses import replace
from pathlib import Path

import pytest

from fer_core.errors import OutputError
from fer_core.reports.row_file import RowFile
from fer_core.reports.row_format import RowFormat, csv_format, json_format
from fer_core.reports.rows import PhotoReport, PredictionSource, Row, columns, rows
from tests.faces import card, face_emotion
from tests.full_disk import full_disk

CARD = card()
SOURCE = PredictionSource("haar", CARD.name, "v1", CARD.labels)
SETTINGS: Row = SOURCE.cells() | {"rate": 5.0}
FORMATS = [
    pytest.param(csv_format(columns(CARD.labels)), id="csv"),
    pytest.param(json_format(), id="json"),
]


def photo(file: str, n_faces: int, version: str = "v1") -> list[Row]:
    faces = tuple(face_emotion((n, 0, n + 9, 9)) for n in range(n_faces))
    return list(rows(PhotoReport(file, (640, 480), faces), replace(SOURCE, model_version=version)))


PHOTOS = {"a.jpg": photo("a.jpg", 1), "b.jpg": photo("b.jpg", 3), "c.jpg": photo("c.jpg", 0)}


def written(path: Path, row_format: RowFormat) -> bytes:
    """A file with all photos, held after each against one that is written at once."""
    table = RowFile(path, row_format, SETTINGS)
    every_row: list[Row] = []
    assert path.read_bytes() == row_format.join([])
    for file, photo_rows in PHOTOS.items():
        table.append(file, photo_rows)
        every_row += photo_rows
        assert path.read_bytes() == row_format.join(every_row)
    table.close()
    return path.read_bytes()


@pytest.mark.parametrize("row_format", FORMATS)
def test_a_file_is_whole_after_each_photo(tmp_path: Path, row_format: RowFormat) -> None:
    written(tmp_path / "table", row_format)


@pytest.mark.parametrize("row_format", FORMATS)
def test_wherever_a_file_was_cut_off_going_on_makes_it_whole(
    tmp_path: Path, row_format: RowFormat
) -> None:
    path = tmp_path / "table"
    whole = written(path, row_format)
    for n_bytes in range(len(row_format.head), len(whole)):
        path.write_bytes(whole[:n_bytes])
        table = RowFile(path, row_format, SETTINGS)
        assert list(PHOTOS)[: len(table.files)] == table.files
        for file in list(PHOTOS)[len(table.files) :]:
            table.append(file, PHOTOS[file])
        table.close()
        assert path.read_bytes() == whole, f"cut off after {n_bytes} bytes"


@pytest.mark.parametrize("row_format", FORMATS)
def test_photos_can_be_dropped_from_the_end(tmp_path: Path, row_format: RowFormat) -> None:
    path = tmp_path / "table"
    written(path, row_format)
    for n_photos in (2, 1, 0):
        table = RowFile(path, row_format, SETTINGS)
        table.keep(n_photos)
        table.close()
        left = [row for file in list(PHOTOS)[:n_photos] for row in PHOTOS[file]]
        assert path.read_bytes() == row_format.join(left)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("Dear reader,", id="text"),
        pytest.param('[{"name": "Ada"}]', id="JSON on a line"),
        pytest.param('[\n  {"name": "Ada"},\n  {"name": "Alan"}\n]\n', id="JSON of others"),
        pytest.param("[\n  {\n    'name': 1\n  }\n]\n", id="JSON on many lines"),
        pytest.param("[\n1,\n2\n]\n", id="numbers"),
        pytest.param('[\n{"file": "a", "n_faces": "some"}\n]\n', id="columns of the same name"),
        pytest.param('[\n{"file": "a", "n_faces": 1}\n]\n', id="columns are missing"),
    ],
)
def test_a_file_that_is_there_is_not_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "letter.json"
    path.write_text(content)
    with pytest.raises(OutputError, match="is no table of this command"):
        RowFile(path, json_format(), SETTINGS)
    assert path.read_text() == content


def test_a_file_that_another_run_writes_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "table"
    table = RowFile(path, json_format(), SETTINGS)
    table.append("a.jpg", PHOTOS["a.jpg"])
    with pytest.raises(OutputError, match="table is being written by another run"):
        RowFile(path, json_format(), SETTINGS)
    table.close()
    RowFile(path, json_format(), SETTINGS).close()
    assert json.loads(path.read_bytes()) == PHOTOS["a.jpg"]


def test_a_table_of_another_kind_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "addresses.csv"
    path.write_text('"file","n_faces"\n"a.jpg",1\n')
    with pytest.raises(OutputError, match="is no table of this command"):
        RowFile(path, csv_format(columns(CARD.labels)), SETTINGS)


@pytest.mark.parametrize("row_format", FORMATS)
def test_a_file_with_videos_at_another_rate_is_not_gone_on_with(
    tmp_path: Path, row_format: RowFormat
) -> None:
    path = tmp_path / "table"
    video = [row | {"rate": 5.0} for row in photo("a.mp4", 2)]
    table = RowFile(path, row_format, SETTINGS)
    table.append("photo.jpg", photo("photo.jpg", 1))
    table.append("a.mp4", video)
    table.close()
    RowFile(path, row_format, SETTINGS).close()
    content = path.read_bytes()
    with pytest.raises(
        OutputError, match=r"table holds predictions with rate 5\.0, not 10\.0: go on"
    ):
        RowFile(path, row_format, SETTINGS | {"rate": 10.0})
    assert path.read_bytes() == content


def test_a_file_of_another_network_or_detector_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    content = written(path, json_format())
    with pytest.raises(OutputError, match="holds predictions with model_version v1, not v2"):
        RowFile(path, json_format(), SETTINGS | {"model_version": "v2"})
    with pytest.raises(OutputError, match="holds predictions with detector haar, not yunet 1234"):
        RowFile(path, json_format(), SETTINGS | {"detector": "yunet 1234"})
    other = csv_format(columns(CARD.labels[:2]))
    with pytest.raises(OutputError, match="name another"):
        RowFile(path, other, SETTINGS)
    assert path.read_bytes() == content


def test_where_there_is_no_room_the_file_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    table = RowFile(path, json_format(), SETTINGS)
    table.append("a.jpg", PHOTOS["a.jpg"])
    before = path.read_bytes()
    with (
        full_disk(len(before) + 10),
        pytest.raises(OSError, match="File too large") as raised,
    ):
        table.append("b.jpg", PHOTOS["b.jpg"])
    assert raised.value.filename == str(path)
    table.close()
    assert path.read_bytes() == before
    assert len(json.loads(before)) == 1
