"""A camera's frames are decoded as soon as they are whole.

aiortc waits for the first packet of the next frame, 33 ms at 30 frames a second, to know that a
frame is whole. But its last packet says so: it has the marker bit (RFC 7741, section 4.1, for VP8;
RFC 6184, section 5.1, for H.264). And for a packet that never comes it waits until 512 later ones
did, seven seconds of a small frame. Once a lost packet was sent again, several frames are whole
at once; of these it gives one away with each packet, so where a frame is one packet it stays late.

Tried with aiortc 1.16. Delete this file once aiortc hands on a frame with its marked packet and
gives up lost ones within a second.
"""

from typing import Any

from aiortc import RTCRtpReceiver, rtcpeerconnection, rtcrtpreceiver
from aiortc.codecs import is_rtx
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_add

from webapp.library_names import first_missing, first_unused

CLOCK_HZ = 90_000  # of every video's time stamps
MOST_WAIT = CLOCK_HZ // 2
"""Time for which a lost packet is waited for."""

MOST_LATE = 10 * CLOCK_HZ
"""Largest age of a packet that is sent again; an older one is of a stream that started again."""


class PromptJitterBuffer(JitterBuffer):
    """aiortc's buffer, which puts packets in order, without the waits."""

    _newest: int | None = None  # time stamp of the frames that were given away or given up

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet. True if a whole frame must be asked for, and the frame now whole."""
        if self._is_video and self._is_late(packet):
            return False, None
        needs_picture, frame = super().add(packet)
        if frame is not None:
            self._newest = frame.timestamp
        elif self._is_video and packet.marker and self._has_waited(packet):
            self.remove(self.capacity)
            self._origin = uint16_add(packet.sequence_number, 1)
            self._newest = packet.timestamp
            needs_picture = True
        return needs_picture, frame

    def next_whole(self) -> JitterFrame | None:
        """Another frame of which all packets are there; None if the next one is not whole."""
        if not self._is_video or self._origin is None:
            return None
        frame = self._marked_frame()
        if frame is not None:
            self._newest = frame.timestamp
        return frame

    def _is_late(self, packet: RtpPacket) -> bool:
        """True if its frame was given up meanwhile."""
        newest = self._newest
        return newest is not None and 0 < _later(newest, packet.timestamp) < MOST_LATE

    def _has_waited(self, last: RtpPacket) -> bool:
        oldest = self._packet(0)
        since = self._newest if oldest is None else oldest.timestamp
        return since is not None and _later(last.timestamp, since) > MOST_WAIT

    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:
        frame = self._marked_frame() if self._is_video else None
        return frame or super()._remove_frame(sequence_number)

    def _marked_frame(self) -> JitterFrame | None:
        """The first frame, should all its packets be there, the last one with its mark."""
        self._skip_padding()
        packets: list[RtpPacket] = []
        for count in range(self.capacity):
            packet = self._packet(count)
            if packet is None or packet.timestamp != (packets or [packet])[0].timestamp:
                break
            packets.append(packet)
            if packet.marker:
                self.remove(len(packets))
                data = b"".join(part._data for part in packets)  # type: ignore[attr-defined]
                return JitterFrame(data, packet.timestamp)
        return None

    def _skip_padding(self) -> None:
        """Leave out empty packets between frames, with which a sender probes how much may pass."""
        while (packet := self._packet(0)) is not None and not packet.payload:
            self.remove(1)

    def _packet(self, count: int) -> RtpPacket | None:
        """The packet that comes so many after the first one that was not taken."""
        assert self._origin is not None  # since the first packet
        return self._packets[(self._origin + count) % self.capacity]


class PromptReceiver(RTCRtpReceiver):
    """aiortc's receiver, which has all frames decoded that are whole."""

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        await super()._handle_rtp_packet(packet, arrival_time_ms)
        codec = self._own("codecs").get(packet.payload_type)
        if codec is None or not self._own("decoder_thread"):
            return
        if is_rtx(codec):
            codec = self._own("codecs").get(codec.parameters.get("apt"))
        while (frame := self._own("jitter_buffer").next_whole()) is not None:
            frame.timestamp = self._own("timestamp_mapper").map(frame.timestamp)
            self._own("decoder_queue").put((codec, frame))

    def _own(self, name: str) -> Any:
        return getattr(self, f"_RTCRtpReceiver__{name}")


def _later(one: int, other: int) -> int:
    """Difference of two time stamps of 32 bits; negative if the first is earlier."""
    return (one - other + 2**31) % 2**32 - 2**31


def receive_promptly() -> None:
    """Let every connection that is made from now on receive its frames so."""
    rtcrtpreceiver.JitterBuffer = PromptJitterBuffer  # type: ignore[attr-defined]
    rtcpeerconnection.RTCRtpReceiver = PromptReceiver  # type: ignore[attr-defined]


def missing() -> str:
    """The first name that aiortc no longer has of those used here; empty if all are there."""
    receiver = [
        f"_RTCRtpReceiver__{name}"
        for name in (
            "codecs",
            "decoder_thread",
            "decoder_queue",
            "jitter_buffer",
            "timestamp_mapper",
        )
    ]
    return first_missing(
        (
            (rtcrtpreceiver, ["JitterBuffer"]),
            (rtcpeerconnection, ["RTCRtpReceiver"]),
            (JitterBuffer, ["add", "remove", "capacity", "_remove_frame"]),
            (JitterBuffer(capacity=128), ["_is_video", "_origin", "_packets"]),
            (RTCRtpReceiver, ["_handle_rtp_packet"]),
        )
    ) or first_unused(RTCRtpReceiver, receiver)
