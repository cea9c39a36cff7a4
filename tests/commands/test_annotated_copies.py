"""The annotated copies that `predict` makes."""

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from fer_core.__main__ import main
from fer_core.commands.copies import Copies
from fer_core.commands.predict import SOME_LEFT_OUT
from fer_core.decoding import decode_image
from tests.commands.tables import everything, files_of, raising, rows_of
from tests.faces import astronaut, two_astronauts


def test_annotated_photos_repeat_the_folders(folder: Path) -> None:
    for name in ("one", "other"):
        (folder / name).mkdir()
        shutil.copy(folder / "two.png", folder / name / "same.png")
    Image.fromarray(astronaut()).save(folder / "one" / "same.webp")
    assert main(["predict", "photos/one", "photos/other", "--annotated", "drawn"]) == 0
    assert everything(Path("drawn")) == {
        "one",
        "one/same.png.png",
        "one/same.webp.png",
        "other",
        "other/same.png.png",
    }
    drawn = decode_image(Path("drawn/one/same.png.png").read_bytes())
    assert drawn.shape == two_astronauts().shape
    assert (drawn != two_astronauts()).any()


def test_a_name_too_long_for_its_annotated_copy_is_shortened(folder: Path) -> None:
    names = [f"{'x' * 250}{n}.png" for n in (1, 2)] + [f"{'é' * 125}z.png"]
    for name in names:
        shutil.copy(folder / "two.png", folder / name)
    assert main(["predict", "photos", "--annotated", "drawn", "--csv", "o.csv"]) == SOME_LEFT_OUT
    assert {f"photos/{name}" for name in names} <= set(files_of(rows_of("o.csv")))
    drawn = everything(Path("drawn"))
    short = [name for name in drawn if "~" in name]
    assert sorted(re.sub("~[0-9a-f]{12}", "~", name) for name in short) == (
        [f"{'x' * 238}~.png"] * 2 + [f"{'é' * 119}~.png"]
    )
    assert drawn - set(short) == {"two.png.png", "wall.gif.png", "2024", "2024/hopper.JPG.png"}


def test_no_file_beside_annotated_copies_is_touched(mixed: Path) -> None:
    Path("drawn").mkdir()
    for name in ("a.part", "a.png.part", "clip.part", "clip.MOV.part"):
        Path("drawn", name).write_text("mine")
    before = everything(Path("drawn"))
    assert main(["predict", "files", "--annotated", "drawn"]) == 0
    assert all(Path("drawn", name).read_text() == "mine" for name in before)
    assert everything(Path("drawn")) - before == {"a.png.png", "clip.MOV.mp4", "hopper.jpg.png"}


def test_an_annotated_copy_without_room_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk = raising(OSError(28, "No space left on device"))
    monkeypatch.setattr(Path, "write_bytes", full_disk)
    assert main(["predict", "photos/two.png", "--annotated", "drawn", "--csv", "o.csv"]) == 2
    sentence = f"{Path('drawn/two.png.png').absolute()} cannot be used: No space left on device.\n"
    assert capsys.readouterr().err == sentence
    assert rows_of("o.csv") == []


def test_what_a_lost_process_left_of_an_annotated_copy_is_deleted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(copies: Copies, photo: Path, *_: object) -> None:
        (copies.parts / "half").write_bytes(b"a part")

    monkeypatch.setattr(Copies, "write_photo", lost)
    assert main(["predict", "photos/two.png", "--annotated", "drawn"]) == 0
    assert everything(Path("drawn")) == set()


@pytest.mark.parametrize("source", ["photos", "photos/**/*.*g*"], ids=["folder", "pattern"])
def test_annotated_photos_are_not_analyzed_the_next_time(folder: Path, source: str) -> None:
    for csv_file in ("1.csv", "2.csv"):
        main(["predict", source, "--annotated", "photos/drawn", "--csv", csv_file])
    assert "photos/two.png" in files_of(rows_of("1.csv"))
    assert rows_of("1.csv") == rows_of("2.csv")


@pytest.mark.parametrize(
    ("source", "annotated"),
    [
        pytest.param("photos", "photos", id="the folder itself"),
        pytest.param("photos", "photos/../photos/", id="the folder, written otherwise"),
        pytest.param("photos", "link", id="the folder by a link"),
        pytest.param("photos/2024", "photos", id="the folder above"),
        pytest.param("photos/*.png", "photos", id="a pattern"),
        pytest.param("photos/two.png", "photos", id="a file"),
        pytest.param("photos", ".", id="the working folder"),
    ],
)
def test_annotated_photos_are_kept_apart_from_those_to_analyze(
    folder: Path, capsys: pytest.CaptureFixture[str], source: str, annotated: str
) -> None:
    Path("link").symlink_to(folder)
    before = everything(folder.parent)
    assert main(["predict", source, "--annotated", annotated, "--csv", "o.csv"]) == 2
    out, err = capsys.readouterr()
    assert "holds files to analyze, such as photos/" in err
    assert (out, err.count("\n")) == ("", 1)
    assert everything(folder.parent) == before


def test_an_annotated_photo_never_replaces_a_photo_by_a_link(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(folder / "two.png", folder / "two.png.png")
    Path("drawn").mkdir()
    Path("drawn/two.png.png").symlink_to(folder / "two.png.png")
    names = ["photos/two.png", "photos/two.png.png"]
    assert main(["predict", *names, "--annotated", "drawn", "--csv", "o.csv"]) == 2
    assert not Path("o.csv").exists()
    assert "holds files to analyze" in capsys.readouterr().err


def test_a_folder_in_a_copys_place_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = folder / "two.png"
    in_the_way = Copies.into(folder.parent / "copies", [photo], []).copy_of(photo)
    in_the_way.mkdir(parents=True)
    assert main(["predict", str(photo), "--annotated", str(folder.parent / "copies")]) == 2
    assert "Is a directory" in capsys.readouterr().err
    assert list(in_the_way.iterdir()) == []
