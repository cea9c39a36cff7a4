"""Containers of video: told by what a file holds, and opened."""

from typing import BinaryIO, NoReturn

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from fer_core.claims.mp4 import check_claims
from fer_core.errors import VideoDecodeError

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3g2", ".webm", ".mkv", ".avi", ".divx"),
    *(".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".wmv", ".asf", ".flv", ".f4v"),
    *(".ogv", ".rm", ".rmvb"),
)
"""Usual endings of video files. The content decides, whatever the name."""

HEAD_BYTES = 1024
"""Number of a file's first bytes that `container_of` needs."""

MAX_PIXELS = 8192 * 4320
"""Videos with more pixels a frame than this are refused before one is unpacked."""

NO_VIDEO = (
    "This is not an MP4, MOV, 3GP, WebM, MKV, AVI, MPEG, MTS, WMV, FLV or OGV video, and not an "
    "animated GIF, WebP, AVIF or PNG."
)
BROKEN = "The video is broken or cut off and cannot be read."
UNKNOWN_CODEC = (
    "The video is coded in a way that cannot be read here. Save it as MP4 with H.264 and try again."
)

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_MOV_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_LONGEST_BOX = 2**29
"""Longer ones have their length elsewhere, for which this one is 1."""

_NO_VIDEO_BRANDS = (
    *(b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
    *(b"crx ", b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "),
)
"""The brands of MP4's relatives that hold photos or sound."""

_TS_PACKETS = ((0, 188), (4, 192))
"""Start of a transport stream's first packet and the length of each; cameras put a time of four
bytes before each."""


def container_of(head: bytes) -> str | None:
    """FFmpeg's name for the container that begins with these bytes; None for other files."""
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[4:8] in _MOV_ATOMS and head[8:12] not in _NO_VIDEO_BRANDS and _is_length(head[:4]):
        return "mov"
    if head[:16] == _ASF:
        return "asf"
    if head[:4] == b"\0\0\1\xba":
        return "mpeg"
    if head[:4] == b"FLV\1":
        return "flv"
    if head[:4] == b"OggS" and b"theora" in head:
        return "ogg"
    if any(_are_ts_packets(head[start::size]) for start, size in _TS_PACKETS):
        return "mpegts"
    return None


def _is_length(first: bytes) -> bool:
    """True if an MP4 may begin with a box of that length: four letters of a text make it longer."""
    n_bytes = int.from_bytes(first, "big")
    return n_bytes in (0, 1) or 8 <= n_bytes < _LONGEST_BOX


def _are_ts_packets(first_bytes: bytes) -> bool:
    return len(first_bytes) >= 4 and set(first_bytes) == {0x47}


def open_container(file: BinaryIO) -> InputContainer:
    """Open a file's container by what its first bytes are.

    FFmpeg's own guess is not asked: among the formats it knows are playlists, which name further
    files and addresses for it to read.

    Raises:
        VideoDecodeError: This is no video of a known format, or it is damaged.
    """
    head = file.read(HEAD_BYTES)
    if not head:
        raise VideoDecodeError("The file is empty.")
    container = container_of(head)
    if container is None:
        raise VideoDecodeError(NO_VIDEO)
    if container == "mov":
        check_claims(file)
    file.seek(0)
    try:
        return av.open(
            file,
            "r",
            format=container,
            io_open=_refuse_to_open,
            metadata_errors="replace",
            options={"max_pixels": str(MAX_PIXELS)},
        )
    except Exception as error:  # what PyAV raises differs with the damage: OSError, ValueError, …
        raise VideoDecodeError(BROKEN) from error


def pick_video(container: InputContainer) -> VideoStream:
    """The video to analyze: the default one or else the largest; covers do not count.

    Raises:
        VideoDecodeError: There is none, or none that can be decoded.
    """
    moving = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    if not moving:
        raise VideoDecodeError("The file holds no video, only sound or other data.")
    known = [stream for stream in moving if stream.codec_context is not None]
    if not known:
        raise VideoDecodeError(UNKNOWN_CODEC)
    default = [stream for stream in known if stream.disposition & Disposition.default]
    stream = max(default or known, key=lambda stream: stream.width * stream.height)
    if stream.width * stream.height > MAX_PIXELS:
        raise VideoDecodeError(
            f"The video's frames are too large: more than {MAX_PIXELS // 1_000_000} megapixels. "
            "Save a smaller copy and try again."
        )
    stream.thread_type = "AUTO"
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return stream


def _refuse_to_open(url: str, flags: int, options: object) -> NoReturn:
    """A video that names further files or addresses to read does not get them."""
    raise PermissionError(f"A video asked for {url!r}.")
