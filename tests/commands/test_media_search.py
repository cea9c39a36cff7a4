import os
from pathlib import Path

import pytest

from fer_core.__main__ import main
from fer_core.commands.media_files import Kind, kind_of
from fer_core.commands.media_search import find_media
from fer_core.commands.predict import SOME_LEFT_OUT
from fer_core.errors import InputError
from tests.face_folders import png
from tests.faces import grace_hopper_jpeg, plain

JPEG = grace_hopper_jpeg()
PNG = png(plain(9, 9))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*names: str, content: bytes = PNG) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(content)


def link(name: str, target: str) -> None:
    Path(name).symlink_to(target, target_is_directory=True)


def found(*paths: str) -> list[str]:
    return list(map(str, find_media(paths).files))


def left_out(*paths: str) -> list[tuple[str, str, bool]]:
    return [(str(one.path), one.why, one.is_missed) for one in find_media(paths).left_out]


# --- links ---


def test_a_linked_folder_is_searched_after_the_folders_own(folder: Path) -> None:
    write("photos/z.png", "elsewhere/a.png", "elsewhere/below/b.png")
    link("photos/2020", "../elsewhere")
    names = ["photos/z.png", "photos/2020/a.png", "photos/2020/below/b.png"]
    assert found("photos") == names
    assert left_out("photos") == []


@pytest.mark.parametrize("target", [".", "..", "../photos", "sub"])
def test_a_loop_of_links_ends(target: str) -> None:
    write("photos/a.png", "photos/sub/b.png")
    link("photos/sub/loop", target)
    link("photos/again", "sub/loop")
    assert found("photos") == ["photos/a.png", "photos/sub/b.png"]


def test_each_real_folder_goes_by_its_own_path_where_it_has_one() -> None:
    write("photos/real/a.png", "elsewhere/b.png")
    link("photos/a-link", "real")
    link("photos/one", "../elsewhere")
    link("photos/two", "../elsewhere")
    link("elsewhere/back", "../photos")
    assert found("photos") == ["photos/real/a.png", "photos/one/b.png"]


def test_links_that_lead_nowhere_or_to_themselves_are_told(folder: Path) -> None:
    write("photos/a.png")
    link("photos/gone.jpg", "nowhere")
    link("photos/self.mp4", "self.mp4")
    link("photos/notes", "nowhere")
    why = "a link that leads nowhere"
    assert left_out("photos") == [
        ("photos/gone.jpg", why, True),
        ("photos/notes", "neither a photo nor a video", False),
        ("photos/self.mp4", why, True),
    ]


def test_deep_folders_are_searched_to_the_end() -> None:
    write("d/" * 500 + "a.png")
    assert len(found("d")) == 1


def test_a_linked_folder_of_copies_is_left_out(folder: Path) -> None:
    write("photos/a.png", "copies/a.png.png")
    link("photos/drawn", "../copies")
    assert find_media(["photos"], leave_out=Path("copies")).files == [Path("photos/a.png")]


# --- what is left out ---


def test_a_folder_that_cannot_be_opened_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    write("photos/a.png", "photos/locked/b.png", "photos/open/c.png")
    forbid(monkeypatch, "locked")
    assert found("photos") == ["photos/a.png", "photos/open/c.png"]
    why = "a folder that cannot be opened (Permission denied)"
    assert left_out("photos") == [("photos/locked", why, True)]
    with pytest.raises(InputError, match=r"no photo or video in photos/locked \(a folder that"):
        found("photos/locked")


def forbid(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    listdir = os.listdir

    def refuse(path: Path) -> list[str]:
        if path.name == name:
            raise PermissionError(13, "Permission denied")
        return listdir(path)

    monkeypatch.setattr("os.listdir", refuse)


def test_a_run_names_what_may_be_missed_and_counts_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("photos/a.png", "photos/locked/b.png")
    write("photos/one.txt", "photos/two.txt", content=b"text")
    assert main(["predict", "photos", "--csv", "o.csv"]) == 0
    assert "Left out of the folders: neither a photo nor a video: 2; --verbose names" in (
        capsys.readouterr().err
    )
    forbid(monkeypatch, "locked")
    assert main(["predict", "photos", "--csv", "p.csv"]) == SOME_LEFT_OUT
    err = capsys.readouterr().err
    assert "photos/locked: left out, a folder that cannot be opened (Permission denied)\n" in err
    assert "one.txt" not in err
    assert main(["predict", "photos", "--csv", "p.csv", "--resume", "--verbose"]) == SOME_LEFT_OUT
    assert "photos/one.txt: left out, neither a photo nor a video\n" in capsys.readouterr().err


def test_a_photo_that_cannot_be_read_is_no_file_that_is_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("photos/a.png")
    write("photos/raw.nef", "photos/b.jxl", content=b"of no known format")
    write("photos/phone.HEIC", content=b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(2000))
    assert left_out("photos") == []
    assert main(["predict", "photos"]) == SOME_LEFT_OUT
    err = capsys.readouterr().err
    assert all(f"photos/{name}: " in err for name in ("raw.nef", "b.jxl", "phone.HEIC"))


# --- what a file is ---


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        pytest.param("empty", b"", None, id="empty"),
        pytest.param("notes.txt", b"BM and more", None, id="text"),
        pytest.param("._a.jpg", b"\0\5\x16\7", None, id="of macOS"),
        pytest.param("empty.jpg", b"", Kind.PHOTO, id="an empty photo"),
        pytest.param("A.JFIF", b"?", Kind.PHOTO, id="jfif"),
        pytest.param("a.MOV", b"?", Kind.VIDEO, id="a video by its name"),
        pytest.param("download", JPEG, Kind.PHOTO, id="no ending"),
        pytest.param("a.bin", PNG, Kind.PHOTO, id="another ending"),
        pytest.param("a.mp4", JPEG, Kind.PHOTO, id="a photo called a video"),
        pytest.param("a", b"RIFF\0\0\0\0WEBPVP8 ", Kind.PHOTO, id="WebP"),
        pytest.param("a", b"\0\0\0\x18ftypmif1", Kind.PHOTO, id="HEIF"),
    ],
)
def test_a_file_is_told_by_its_content_or_else_by_its_name(
    name: str, content: bytes, kind: Kind | None
) -> None:
    write(name, content=content)
    assert kind_of(Path(name)) is kind


def test_a_pipe_among_the_files_is_not_waited_for() -> None:
    write("photos/a.png")
    os.mkfifo("photos/pipe")
    assert left_out("photos") == [("photos/pipe", "neither a photo nor a video", False)]
