from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
import pytest
from aiortc import RTCRtpCodecParameters, codecs
from aiortc.codecs.vpx import Vp8Decoder, Vp8Encoder, vp8_depayload
from aiortc.jitterbuffer import JitterFrame

from webapp.patches.lean_vp8 import LeanVp8Encoder, encode_leanly

Image = npt.NDArray[np.uint8]
VP8 = RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90_000)


def noisy_image(number: int, width: int = 320, height: int = 240) -> Image:
    """A soft pattern with a camera's noise."""
    noise = np.random.default_rng(number).normal(0, 4, (height, width, 3))
    soft = 128 + 60 * np.sin(np.arange(width) / 15)[None, :, None]
    return np.clip(soft + noise, 0, 255).astype(np.uint8)


def image_frame(image: Image, number: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
    frame.pts, frame.time_base = number * 3000, Fraction(1, 90_000)
    return frame


class Line:
    """An encoder, and a decoder that gets all it sends."""

    def __init__(self, encoder: Vp8Encoder) -> None:
        self.encoder = encoder
        self._decoder = Vp8Decoder()

    def send(self, image: Image, number: int, *, whole: bool = False) -> tuple[Image, bool]:
        """The frame that arrives, and True if it was a whole one."""
        payloads, time = self.encoder.encode(image_frame(image, number), whole)
        data = b"".join(vp8_depayload(payload) for payload in payloads)
        [frame] = self._decoder.decode(JitterFrame(data, time))
        assert isinstance(frame, av.VideoFrame)
        arrived = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
        return arrived, data[0] & 1 == 0  # RFC 6386, section 9.1


def error(encoder: Vp8Encoder) -> float:
    """The mean square of what is lost of forty images."""
    line = Line(encoder)
    sent = [noisy_image(number) for number in range(40)]
    arrived = [line.send(image, number)[0] for number, image in enumerate(sent)]
    return float(np.mean((np.array(sent, np.float64) - np.array(arrived)) ** 2))


def test_images_arrive_and_only_the_first_is_whole() -> None:
    line = Line(LeanVp8Encoder())
    arrived = [line.send(noisy_image(number), number) for number in range(5)]
    assert [whole for _, whole in arrived] == [True, False, False, False, False]
    assert np.abs(arrived[-1][0].mean(axis=(0, 1)) - 128).max() < 12


def test_a_whole_image_is_sent_where_one_is_asked_for() -> None:
    line = Line(LeanVp8Encoder())
    line.send(noisy_image(0), 0)
    assert line.send(noisy_image(1), 1, whole=True)[1]
    assert not line.send(noisy_image(2), 2)[1]


def test_another_size_begins_again() -> None:
    line = Line(LeanVp8Encoder())
    line.send(noisy_image(0), 0)
    image, whole = line.send(noisy_image(1, 160, 120), 1)
    assert (image.shape, whole) == ((120, 160, 3), True)


def test_the_rate_follows_what_the_connection_carries() -> None:
    line = Line(LeanVp8Encoder())
    line.send(noisy_image(0), 0)
    started_with = line.encoder.target_bitrate
    line.encoder.target_bitrate = round(1.05 * started_with)
    assert not line.send(noisy_image(1), 1)[1], "a whole image is not worth so little"
    line.encoder.target_bitrate = 2 * started_with
    assert line.send(noisy_image(2), 2)[1]
    assert line.encoder.codec is not None
    assert line.encoder.codec.bit_rate == 2 * started_with


def test_no_more_is_lost_than_with_the_librarys_settings() -> None:
    assert error(LeanVp8Encoder()) < 1.02 * error(Vp8Encoder())


def test_new_streams_are_encoded_leanly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "Vp8Encoder", Vp8Encoder)
    assert type(codecs.get_encoder(VP8)) is Vp8Encoder
    encode_leanly()
    assert type(codecs.get_encoder(VP8)) is LeanVp8Encoder
