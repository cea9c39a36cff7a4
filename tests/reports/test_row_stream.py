import csv
import io
import json

import pytest

from fer_core.reports.row_format import csv_format, json_format
from fer_core.reports.row_stream import RowStream
from fer_core.reports.rows import Row

NAMES = ["file", "n_faces", "problem"]


def row(file: str) -> Row:
    return {"file": file, "n_faces": 1, "problem": "ä"}


@pytest.mark.parametrize("n_files", [0, 1, 3])
def test_the_whole_is_valid_once_it_is_closed(n_files: int) -> None:
    files = [f"{n}.jpg" for n in range(n_files)]
    of_json, of_csv = io.BytesIO(), io.BytesIO()
    for stream, row_format in ((of_json, json_format()), (of_csv, csv_format(NAMES))):
        table = RowStream(stream, row_format)
        for file in files:
            table.append(file, [row(file), row(file)])
        table.close()
        assert table.files == files
    expected = [row(file) for file in files for _ in range(2)]
    assert json.loads(of_json.getvalue()) == expected
    text = of_csv.getvalue().decode()
    assert text.startswith('"file"'), "without the mark of spreadsheets"
    assert list(csv.DictReader(io.StringIO(text))) == [
        {name: str(value) for name, value in one.items()} for one in expected
    ]


def test_each_file_is_written_at_once() -> None:
    raw = io.BytesIO()
    table = RowStream(io.BufferedWriter(raw), json_format())
    table.append("a.jpg", [row("a.jpg")])
    assert b"a.jpg" in raw.getvalue()
