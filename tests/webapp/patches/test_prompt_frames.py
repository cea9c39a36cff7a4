import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiortc import (
    RTCPeerConnection,
    RTCRtpCodecParameters,
    RTCRtpReceiver,
    rtcpeerconnection,
    rtcrtpreceiver,
)
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket

from webapp.patches.prompt_frames import PromptJitterBuffer, PromptReceiver, receive_promptly

CAPACITY = 512


def packet(number: int, frame: int, text: str, last: bool = False) -> RtpPacket:
    """A part of a frame, as the receiver hands it to its buffer."""
    made = RtpPacket(
        marker=int(last),
        sequence_number=number % 65536,
        timestamp=frame * 3000 % 2**32,
        payload=text.encode(),
    )
    made._data = made.payload  # type: ignore[attr-defined]
    return made


def frames(packets: Sequence[RtpPacket], buffer: JitterBuffer | None = None) -> list[str]:
    """The output after each packet: a frame's text, or nothing."""
    buffer = buffer or PromptJitterBuffer(CAPACITY, is_video=True)
    answers = [buffer.add(each)[1] for each in packets]
    return [answer.data.decode() if answer else "" for answer in answers]


TWO = [packet(7, 1, "a"), packet(8, 1, "b", last=True), packet(9, 2, "c"), packet(10, 2, "d", True)]


def test_a_frame_comes_with_its_last_packet() -> None:
    assert frames(TWO) == ["", "ab", "", "cd"]
    late = frames(TWO, JitterBuffer(CAPACITY, is_video=True))
    assert late == ["", "", "ab", ""], "aiortc has become prompt: this module can go"


def test_a_frame_of_one_packet_comes_at_once() -> None:
    assert frames([packet(i, i, str(i), last=True) for i in range(5)]) == list("01234")


def test_the_numbers_of_packets_start_again() -> None:
    first, last = packet(65535, 1, "a"), packet(65536, 1, "b", last=True)
    assert frames([first, last, packet(65537, 2, "c", last=True)]) == ["", "ab", "c"]


def test_packets_out_of_order_are_put_in_order() -> None:
    start = packet(6, 0, "-", last=True)
    assert frames([start, TWO[1], TWO[0], *TWO[2:]]) == ["-", "", "ab", "", "cd"]


def test_a_lost_packet_holds_its_frame_and_later_ones_until_it_is_sent_again() -> None:
    start = packet(6, 0, "-", last=True)
    later = packet(11, 3, "e", last=True)
    assert frames([start, TWO[0], *TWO[2:], TWO[1], later]) == ["-", "", "", "", "ab", "cd"]


def test_frames_that_become_whole_together_come_together() -> None:
    buffer = PromptJitterBuffer(CAPACITY, is_video=True)
    assert buffer.next_whole() is None, "before the first packet"
    held = [packet(i, i, str(i), last=True) for i in range(3, 6)]
    partly = packet(6, 6, "6")
    start = packet(1, 1, "1", last=True)
    assert frames([start, *held, partly], buffer) == ["1", "", "", "", ""]
    assert buffer.next_whole() is None
    assert frames([packet(2, 2, "2", last=True)], buffer) == ["2"]
    rest = [buffer.next_whole() for _ in range(4)]
    assert [frame and frame.data.decode() for frame in rest] == ["3", "4", "5", None]
    assert frames([packet(7, 6, "+", last=True)], buffer) == ["6+"]


def test_a_mended_loss_leaves_no_frame_late() -> None:
    """Through the receiver, as one packet more for each frame would come too late."""
    codec = RTCRtpCodecParameters("video/VP8", clockRate=90_000, payloadType=96)
    again = RTCRtpCodecParameters("video/rtx", 90_000, payloadType=97, parameters={"apt": 96})
    numbers = [0, 2, 3, 4, 1, 5]

    async def whole() -> list[int]:
        connection = RTCPeerConnection()
        receiver: Any = connection.addTransceiver("video").receiver
        own = vars(receiver)
        own["_RTCRtpReceiver__codecs"] |= {96: codec, 97: again}
        own["_RTCRtpReceiver__rtx_ssrc"][2] = 1
        own["_RTCRtpReceiver__decoder_thread"] = object()  # the test looks at its queue itself
        waiting = []
        for number in numbers:
            sent_again = number == 1
            made = RtpPacket(97 if sent_again else 96, 1, number, number * 3000, 1)
            made.ssrc = 2 if sent_again else 1
            made.payload = (number.to_bytes(2, "big") if sent_again else b"") + b"\x10picture"
            await receiver._handle_rtp_packet(made, arrival_time_ms=number)
            waiting.append(own["_RTCRtpReceiver__decoder_queue"].qsize())
        while not own["_RTCRtpReceiver__decoder_queue"].empty():
            assert own["_RTCRtpReceiver__decoder_queue"].get()[0] is codec
        own["_RTCRtpReceiver__decoder_thread"] = None
        await connection.close()
        return waiting

    receive_promptly()
    assert asyncio.run(whole()) == [1, 1, 1, 1, 5, 6]


def test_a_packet_that_comes_twice_changes_nothing() -> None:
    twice = [each for each in TWO for _ in range(2)]
    assert frames(twice) == ["", "", "ab", "", "", "", "cd", ""]


def test_padding_after_a_frame_is_no_frame() -> None:
    padding = [packet(9, 1, ""), packet(10, 1, "")]
    assert frames([*TWO[:2], *padding, packet(11, 2, "c", last=True)]) == ["", "ab", "", "", "c"]


def test_frames_without_a_mark_come_as_late_as_they_did() -> None:
    unmarked = [packet(1, 1, "a"), packet(2, 1, "b"), packet(3, 2, "c"), packet(4, 3, "d")]
    assert frames(unmarked) == ["", "", "ab", "c"]


def test_a_frame_without_a_mark_is_not_joined_to_the_next() -> None:
    partly = [packet(1, 1, "a"), packet(2, 2, "b", last=True), packet(3, 3, "c", last=True)]
    assert frames(partly) == ["", "a", "b"]


FRAMES_A_SECOND = 30


def test_after_a_loss_it_goes_on_with_the_next_whole_frame_and_asks_for_a_whole_frame() -> None:
    buffer = PromptJitterBuffer(CAPACITY, is_video=True)
    assert frames(TWO[:2], buffer) == ["", "ab"]
    gone = 2 * FRAMES_A_SECOND
    number = 9 + 2 * gone
    middle, end = packet(number, gone, "x"), packet(number + 1, gone, "y", last=True)
    assert [buffer.add(each) for each in (middle, end)] == [(False, None), (True, None)]
    next_one = packet(number + 2, gone + 1, "z", last=True)
    assert frames([next_one], buffer) == ["z"]


def test_what_is_sent_again_after_it_was_given_up_is_left_out() -> None:
    buffer = PromptJitterBuffer(CAPACITY, is_video=True)
    gone = 2 * FRAMES_A_SECOND
    number = 7 + 4 * gone  # so far back that aiortc takes it for a stream that began again
    frames([*TWO[:2], packet(number, gone, "x", last=True)], buffer)
    late = [packet(9 + i, 2 + i, "late", last=True) for i in range(3)]
    go_on = [packet(number + i, gone + i, str(i), last=True) for i in (1, 2)]
    assert frames([*late, go_on[0], *late, go_on[1]], buffer) == ["", "", "", "1", "", "", "", "2"]


def test_a_lost_packet_is_waited_for_half_a_second() -> None:
    buffer = PromptJitterBuffer(CAPACITY, is_video=True)
    waiting = [packet(10 + i, 2 + i, "c", last=True) for i in range(13)]
    assert not any(frames([*TWO[:2], *waiting], buffer)[2:])
    assert frames([packet(9, 2, "b")], buffer) == ["bc"], "it still comes in time"


def test_a_camera_may_take_its_time() -> None:
    slow = [packet(2 * i + j, 100 * i, "ab"[j], last=j == 1) for i in range(3) for j in range(2)]
    buffer = PromptJitterBuffer(CAPACITY, is_video=True)
    assert [buffer.add(each)[0] for each in slow] == [False] * 6
    assert frames(slow) == ["", "ab"] * 3


def test_a_stream_that_begins_again_is_received() -> None:
    later = [packet(30_000 + i, 100_000 + i, "a", last=True) for i in range(2)]
    buffer = PromptJitterBuffer(CAPACITY, is_video=True)
    assert frames([*later, *TWO], buffer) == ["a", "a", "", "ab", "", "cd"]


def test_time_stamps_start_again() -> None:
    first = packet(1, 2**32 // 3000, "a", last=True)
    assert frames([first, packet(2, 2**32 // 3000 + 1, "b", last=True)]) == ["a", "b"]


def test_sound_waits_as_it_did() -> None:
    sound = [packet(i, i, str(i), last=True) for i in range(6)]
    ours = frames(sound, PromptJitterBuffer(16, prefetch=4))
    assert ours == frames(sound, JitterBuffer(16, prefetch=4))
    assert ours[0] == ""


def test_new_connections_receive_promptly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtcrtpreceiver, "JitterBuffer", JitterBuffer)
    monkeypatch.setattr(rtcpeerconnection, "RTCRtpReceiver", RTCRtpReceiver)
    receive_promptly()

    async def receiver() -> RTCRtpReceiver:
        connection = RTCPeerConnection()
        made = connection.addTransceiver("video").receiver
        await connection.close()
        return made

    made = asyncio.run(receiver())
    assert isinstance(made, PromptReceiver)
    assert isinstance(made._RTCRtpReceiver__jitter_buffer, PromptJitterBuffer)  # type: ignore[attr-defined]
