import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fer_core.errors import DatasetError
from fer_core.training.data import sources
from fer_core.training.data.datasets import load_dataset
from fer_core.training.data.sources import open_source, parse_each, size_of, visible
from tests.face_folders import write_classes, write_tar, write_zip


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return write_zip(tmp_path / "faces.zip", write_classes(tmp_path / "faces"))


def refused(path: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        load_dataset(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert sentence.endswith((".", "?"))
    assert "\n" not in sentence
    return sentence


def zip_of(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


# --- zips that are not whole ---


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_a_zip_that_was_only_partly_downloaded_is_told_in_one_sentence(
    whole: Path, kept: float
) -> None:
    data = whole.read_bytes()
    whole.write_bytes(data[: int(kept * len(data))])
    assert "only a part of it downloaded?" in refused(whole)


def test_a_page_that_was_saved_as_a_zip_is_no_zip(tmp_path: Path) -> None:
    page = tmp_path / "archive.zip"
    page.write_text("<html>Sign in</html>")
    assert "is not a whole zip file" in refused(page)


def test_half_a_zip_is_known_by_its_first_bytes_whatever_its_name(
    tmp_path: Path, whole: Path
) -> None:
    half = tmp_path / "download"
    half.write_bytes(whole.read_bytes()[:1000])
    assert "is not a whole zip file" in refused(half)


def test_an_empty_zip_holds_no_data_set(tmp_path: Path) -> None:
    assert "holds no fer2013.csv" in refused(zip_of(tmp_path / "empty.zip"))


def test_a_member_with_a_flipped_bit_is_named(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "faces", ["happy", "sad"])
    with zipfile.ZipFile(tmp_path / "faces.zip", "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
        broken = archive.getinfo("sad/S002_002_00000003.png")
    data = bytearray((tmp_path / "faces.zip").read_bytes())
    data[broken.header_offset + 30 + len(broken.filename) + 200] ^= 1
    (tmp_path / "faces.zip").write_bytes(data)
    assert "faces.zip/sad/S002_002_00000003.png cannot be read" in refused(tmp_path / "faces.zip")
    assert load_dataset(tmp_path / "faces.zip", skip_broken=True).n_skipped == 1


def test_a_member_whose_own_copy_of_its_name_is_damaged_is_broken(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "faces", ["happy", "sad"])
    odd = folder / "sad" / "S002_002_00000003.png"
    odd.rename(odd.with_name("é.png"))
    path = write_zip(tmp_path / "faces.zip", folder)
    with zipfile.ZipFile(path) as archive:
        name_starts = archive.getinfo("sad/é.png").header_offset + 30
    data = bytearray(path.read_bytes())
    data[name_starts + len("sad/")] = 0xFF
    path.write_bytes(data)
    assert "faces.zip/sad/é.png cannot be read" in refused(path)
    assert load_dataset(path, skip_broken=True).n_skipped == 1


def test_a_member_that_wants_a_password_is_refused(whole: Path) -> None:
    data = whole.read_bytes()
    # Bit 0 of the flags, 8 bytes into the entries of the zip's directory, says encrypted.
    whole.write_bytes(
        data.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    )
    assert "password" in refused(whole)


# --- zips that are not to be trusted ---


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("../happy/1.png", id="a way out"),
        pytest.param("faces/../../happy/1.png", id="a way out in the middle"),
        pytest.param("/etc/passwd", id="an absolute path"),
        pytest.param("happy//1.png", id="a folder without a name"),
        pytest.param("./happy/1.png", id="a dot"),
        pytest.param("a/" * 8 + "1.png", id="too deep"),
        pytest.param("happy/\x1b[2J.png", id="a command to the terminal"),
        pytest.param("happy/1\n.png", id="two lines"),
    ],
)
def test_a_zip_with_an_odd_name_is_refused(tmp_path: Path, name: str) -> None:
    path = zip_of(tmp_path / "odd.zip", **{"happy/0.png": "", name: ""})
    assert repr(name) in refused(path)
    assert list(tmp_path.iterdir()) == [path], "nothing is unpacked"


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_an_archive_that_would_unpack_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    folder = write_classes(tmp_path / "faces")
    write = write_zip if kind == "zip" else write_tar
    path = write(tmp_path / f"packed.{kind}", folder)
    monkeypatch.setattr(sources, "MAX_UNPACKED_BYTES", 10_000)
    assert "would unpack to" in refused(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_whose_unpacking_cannot_be_bounded_is_refused(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w", method) as archive:
        archive.writestr("happy/1.png", b"0" * 1_000)
    assert "another method than deflate" in refused(tmp_path / "odd.zip")


def test_a_member_that_holds_more_than_it_declares_is_broken(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("happy/1", "happy/2", "happy/3", "sad/1", "sad/2", "sad/3"):
            archive.writestr(f"{name}.png", b"0" * 1_000_000)
        for member in archive.infolist():
            member.file_size = 10  # goes into the directory, which is written last
    assert "cannot be read: Bad CRC-32" in refused(tmp_path / "bomb.zip")


# --- zips from Windows, and tars ---


@pytest.mark.parametrize("name", ["happy\\1.png", "faces\\train\\happy\\1.png"])
def test_backslashes_in_a_zip_part_folders(tmp_path: Path, name: str) -> None:
    path = zip_of(tmp_path / "windows.zip", **{name: "content"})
    with open_source(path) as root:
        assert isinstance(root, zipfile.Path)
        assert (root / name.replace("\\", "/")).read_text() == "content"


def test_a_way_out_by_backslashes_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "odd.zip", **{"happy\\0.png": "", "..\\1.png": ""})
    assert "'../1.png'" in refused(path)


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"])
def test_a_tar_is_read_as_the_folder_that_is_in_it(tmp_path: Path, kind: str) -> None:
    folder = write_classes(tmp_path / "faces", ["happy", "sad"])
    dataset = load_dataset(write_tar(tmp_path / f"faces.{kind}", folder))
    assert dataset.name == load_dataset(folder).name
    assert dataset.fingerprint() == load_dataset(folder).fingerprint()


@pytest.mark.parametrize("write", [write_zip, write_tar])
def test_an_archive_that_is_all_that_a_folder_holds_is_read(
    tmp_path: Path, write: Callable[[Path, Path], Path]
) -> None:
    write(tmp_path / "faces.archive", write_classes(tmp_path / "faces"))
    alone = tmp_path / "alone"
    alone.mkdir()
    (tmp_path / "faces.archive").rename(alone / "faces.archive")
    assert len(load_dataset(alone).emotions) == 7


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_a_tar_that_was_only_partly_downloaded_is_told_in_one_sentence(
    tmp_path: Path, kept: float
) -> None:
    path = write_tar(tmp_path / "faces.tar.gz", write_classes(tmp_path / "faces"))
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    assert "is not a whole tar file; was only a part of it downloaded?" in refused(path)


def test_links_and_folders_of_a_tar_are_not_followed(tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "faces", ["happy", "sad"])
    (folder / "happy" / "link.png").symlink_to("/etc/passwd")
    dataset = load_dataset(write_tar(tmp_path / "faces.tar", folder))
    assert len(dataset.train) + len(dataset.test) == 2 * 15


def test_a_tar_with_a_way_out_is_refused_and_nothing_is_unpacked(tmp_path: Path) -> None:
    content = io.BytesIO(b"0")
    with tarfile.open(tmp_path / "odd.tar", "w") as tar:
        member = tarfile.TarInfo("../happy/1.png")
        member.size = 1
        tar.addfile(member, content)
    assert "'../happy/1.png'" in refused(tmp_path / "odd.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["odd.tar"]


# --- the rest ---


@pytest.mark.parametrize("zipped", [False, True])
def test_hidden_files_are_not_seen_and_others_come_by_name(tmp_path: Path, zipped: bool) -> None:
    folder = tmp_path / "folder"
    (folder / "__MACOSX").mkdir(parents=True)
    (folder / "b").mkdir()
    for name in (
        ".DS_Store",
        "__MACOSX/._a.png",
        "Thumbs.db",
        "desktop.ini",
        "b/x.png",
        "c.csv",
        "a.csv",
    ):
        (folder / name).write_text("x")
    path = write_zip(tmp_path / "folder.zip", folder) if zipped else folder
    with open_source(path) as root:
        assert [entry.name for entry in visible(root)] == ["a.csv", "b", "c.csv"]
        assert size_of(visible(root)[0]) == 1


def test_items_are_parsed_in_order_until_one_is_broken() -> None:
    def parse(text: str) -> int:
        if not text.isdecimal():
            raise DatasetError(f"{text} is no number.")
        return int(text)

    assert parse_each(parse, [], skip_broken=False) == ([], 0)
    assert parse_each(parse, ["2", "1"], skip_broken=False) == ([2, 1], 0)
    assert parse_each(parse, ["x", "1", "", "3"], skip_broken=True) == ([1, 3], 2)
    with pytest.raises(DatasetError, match="x is no number"):
        parse_each(parse, ["1", "x", "y"], skip_broken=False)
