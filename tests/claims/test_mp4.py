"""Claims of MP4 and MOV files: those of real ones hold, impossible ones do not."""

import io
import struct

import av
import pytest

from fer_core.claims import mp4
from fer_core.claims.mp4 import check_claims
from fer_core.errors import VideoDecodeError
from fer_core.video.reader import open_video
from tests.faces import plain
from tests.videos import audio_bytes, moving_portrait, video_bytes

FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


def claims(data: bytes) -> None:
    check_claims(io.BytesIO(data))


def box(kind: bytes, *content: bytes) -> bytes:
    inside = b"".join(content)
    return struct.pack(">I4s", 8 + len(inside), kind) + inside


def track(*tables: bytes, handler: bytes = b"vide") -> bytes:
    """A file of 200,000 bytes with one track, all numbers of its tables big-endian."""
    hdlr = box(b"hdlr", bytes(8), handler, bytes(13))
    mdia = box(b"mdia", hdlr, box(b"minf", box(b"stbl", *tables)))
    head = box(b"ftyp", b"isom", bytes(4)) + box(b"moov", box(b"trak", mdia))
    return head + box(b"mdat", bytes(200_000 - 8 - len(head)))


def edited(edits: bytes, n_samples: int = 100_000) -> bytes:
    """A track of samples with an edit list, whichever of the two comes first."""
    return track(box(b"edts", edits), table(b"stsz", 2, n_samples))


def table(kind: bytes, *numbers: int, entries: bytes = b"") -> bytes:
    return box(kind, bytes(4), struct.pack(f">{len(numbers)}I", *numbers), entries)


def edit_list(*starts: int, wide: bool = False) -> bytes:
    """Edits that each start there in the track; -1 shows nothing."""
    entry = ">QqI" if wide else ">IiI"
    edits = b"".join(struct.pack(entry, 1000, start, 0x10000) for start in starts)
    return box(b"elst", bytes([wide, 0, 0, 0]), struct.pack(">I", len(starts)), edits)


def fragment(flags: int, n_samples: int, entries: bytes = b"") -> bytes:
    trun = box(b"trun", struct.pack(">II", flags, n_samples), entries)
    return box(b"ftyp", bytes(8)) + box(b"moof", box(b"traf", trun)) + box(b"mdat", bytes(1000))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(video_bytes(moving_portrait(12), audio=True), id="MP4"),
        pytest.param(video_bytes(moving_portrait(12), "mov", audio=True), id="MOV with PCM"),
        pytest.param(video_bytes(moving_portrait(3), rotation=90), id="turned"),
        pytest.param(
            video_bytes(moving_portrait(12), audio=True, container_options=FRAGMENTED),
            id="fragmented",
        ),
        pytest.param(
            video_bytes(
                moving_portrait(3),
                container_options={"movflags": "use_metadata_tags"},
            ),
            id="metadata",
        ),
        pytest.param(audio_bytes(), id="sound alone"),
        pytest.param(b"", id="empty"),
        pytest.param(box(b"ftyp", b"isom")[:9], id="first bytes"),
        pytest.param(box(b"moov", bytes(100)), id="zeros"),
        pytest.param(track(table(b"stsz", 0, 3, entries=bytes(12))), id="as many as sizes"),
        pytest.param(track(table(b"stsz", 2, 100_000)), id="as many as fit the file"),
        pytest.param(
            track(table(b"stsz", 1, 1_600_000), handler=b"soun"), id="a bit of sound each"
        ),
        pytest.param(fragment(0xF00, 2, bytes(32)), id="a fragment"),
        pytest.param(edited(edit_list(*[0] * 120)), id="as many edits as samples allow"),
        pytest.param(edited(edit_list(-1, *[0] * 120)), id="an edit that only waits"),
        pytest.param(edited(edit_list(-1, 0, wide=True)), id="edits of 64 bits"),
        pytest.param(edited(b"", 0), id="no edit"),
        pytest.param(edited(box(b"elst", bytes(5))), id="an edit list cut off"),
        pytest.param(box(b"moov", box(b"udta", box(b"\xa9nam", b"helst stsz"))), id="a title"),
    ],
)
def test_what_a_file_can_hold_is_believed(data: bytes) -> None:
    claims(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(track(table(b"stsz", 0, 4, entries=bytes(12))), id="sizes missing"),
        pytest.param(track(table(b"stsz", 2, 100_001)), id="larger than the file"),
        pytest.param(track(table(b"stsz", 1, 1_600_001), handler=b"soun"), id="less than a bit"),
        pytest.param(track(table(b"stz2", 4, 5, entries=bytes(2))), id="small sizes missing"),
        pytest.param(track(table(b"stts", 2, entries=bytes(8))), id="times missing"),
        pytest.param(track(table(b"ctts", 2**32 - 1)), id="shifts missing"),
        pytest.param(track(table(b"stsc", 2, entries=bytes(23))), id="chunks missing"),
        pytest.param(track(table(b"stco", 1)), id="places missing"),
        pytest.param(track(table(b"co64", 2, entries=bytes(15))), id="large places missing"),
        pytest.param(
            track(b"\x7f\xff\xff\xffstsz" + struct.pack(">III", 0, 1, 10**6)),
            id="beyond its parent",
        ),
        pytest.param(
            track(b"\0\0\0\0stsz" + struct.pack(">III", 0, 1, 10**6)), id="up to its parent's end"
        ),
        pytest.param(
            track(struct.pack(">I4sQIII", 1, b"stsz", 28, 0, 1, 10**6)), id="a size of 64 bits"
        ),
        pytest.param(track(box(b"stsd", bytes(90), table(b"stsz", 1, 10**6))), id="hidden"),
        pytest.param(fragment(0xF00, 3, bytes(32)), id="a fragment's entries missing"),
        pytest.param(fragment(0, 2000), id="a fragment larger than the file"),
        pytest.param(box(b"moov", box(b"cmov", bytes(20))), id="a compressed index"),
    ],
)
def test_what_a_file_cannot_hold_is_refused(data: bytes) -> None:
    with pytest.raises(VideoDecodeError, match=r"broken or cut off|compressed"):
        claims(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(edited(edit_list(*[0] * 121)), id="one edit too many"),
        pytest.param(edited(edit_list(*[0] * 121, wide=True)), id="of 64 bits"),
        pytest.param(
            track(table(b"stsz", 2, 100_000), box(b"edts", edit_list(*[0] * 121))),
            id="after the samples",
        ),
        pytest.param(
            track(*[box(b"trak", edit_list(*[0] * 61), table(b"stsz", 2, 100_000))] * 2),
            id="two tracks together",
        ),
    ],
)
def test_a_list_of_edits_cannot_show_a_track_again_and_again(data: bytes) -> None:
    with pytest.raises(VideoDecodeError, match="too long"):
        claims(data)


def test_boxes_in_boxes_without_end_are_refused() -> None:
    nested = b""
    for _ in range(3000):
        nested = box(b"udta", nested)
    with pytest.raises(VideoDecodeError, match="broken"):
        claims(nested)


def test_boxes_without_number_and_tracks_without_end_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mp4, "MAX_BOXES", 100)
    with pytest.raises(VideoDecodeError, match="broken"):
        claims(box(b"free") * 101)
    monkeypatch.setattr(mp4, "MAX_HEADER_BYTES", 1000)
    with pytest.raises(VideoDecodeError, match="broken"):
        claims(box(b"moov", bytes(1000)))
    monkeypatch.setattr(mp4, "MAX_SAMPLES", 99_999)
    with pytest.raises(VideoDecodeError, match="too long"):
        claims(track(table(b"stsz", 2, 100_000)))


def test_a_small_file_that_claims_millions_of_frames_never_reaches_ffmpeg(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = bytearray(video_bytes([plain(64, 48)] * 3))
    at, chunks = data.index(b"stsz") + 8, data.index(b"stsc") + 16
    data[at : at + 8] = struct.pack(">II", 1, 20_000_000)
    data[chunks : chunks + 4] = struct.pack(">I", 20_000_000)
    monkeypatch.setattr(av, "open", None)
    with pytest.raises(VideoDecodeError, match="broken or cut off"):
        open_video(bytes(data))
