"""A frame is encoded as it is, and quickly.

aiortc has libvpx take the camera's noise out first, at the strongest, which takes time and blurs;
and search longer for the best way to encode than it needs at a live stream's rates.
`python -m benchmarks.encoder` measures both.

Tried with aiortc 1.16. Delete this file once aiortc lets the encoder's settings be chosen.
"""

import av
from aiortc import codecs
from aiortc.codecs.vpx import Vp8Encoder
from av.frame import Frame

from webapp.library_names import first_missing, first_unused

TOLERATED = 0.1
"""aiortc makes a new codec, and a whole frame, if the bit rate asked for changes by more."""


class LeanVp8Encoder(Vp8Encoder):
    """aiortc's encoder with other settings of libvpx, which are explained in its `vp8cx.h`."""

    def encode(self, frame: Frame, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        """The packets of a frame and its time."""
        assert isinstance(frame, av.VideoFrame)
        if self.codec is None or self._is_outdated(self.codec, frame):
            self.codec = _codec(frame.width, frame.height, self.target_bitrate)
        ours = self.codec
        sent = super().encode(frame, force_keyframe)
        if self.codec is not ours:  # the rate changed meanwhile
            self.codec = None
        return sent

    def _is_outdated(self, codec: av.VideoCodecContext, frame: av.VideoFrame) -> bool:
        rate = codec.bit_rate or 0
        return (codec.width, codec.height) != (frame.width, frame.height) or abs(
            self.target_bitrate - rate
        ) > TOLERATED * rate


def _codec(width: int, height: int, bits_a_second: int) -> av.VideoCodecContext:
    codec = av.CodecContext.create("libvpx", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.bit_rate = bits_a_second
    codec.qmin, codec.qmax = 2, 56
    codec.gop_size = 3000  # a whole frame only where one is asked for
    codec.thread_count = 1
    rate = str(bits_a_second)
    codec.options = {
        "deadline": "realtime",
        "cpu-used": "-12",  # of -16 to 16: the faster, the farther from 0
        "lag-in-frames": "0",
        "static-thresh": "1",
        # A constant rate, of which a second's worth may wait to be sent.
        "minrate": rate,
        "maxrate": rate,
        "bufsize": rate,
        "undershoot-pct": "100",
        "overshoot-pct": "15",
    }
    return codec


def encode_leanly() -> None:
    """Let every stream that is started from now on be encoded so."""
    codecs.Vp8Encoder = LeanVp8Encoder  # type: ignore[attr-defined]


def missing() -> str:
    """The first name that aiortc no longer has of those used here; empty if all are there."""
    return first_missing(
        ((codecs, ["Vp8Encoder"]), (Vp8Encoder, ["encode", "target_bitrate"]))
    ) or first_unused(Vp8Encoder, ["codec"])
